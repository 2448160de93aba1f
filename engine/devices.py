"""Device names: TensorFlow's strings, parsed, merged and put into one canonical form."""

from __future__ import annotations

import functools
import re
from typing import NamedTuple

_PART = re.compile(r"^(?P<key>job|replica|task|device|cpu|gpu)(?::(?P<rest>.+))?$", re.IGNORECASE)


class DeviceSpec(NamedTuple):
    """A device name's parts; None where the name leaves a part open."""

    job: str | None = None
    replica: int | None = None
    task: int | None = None
    device_type: str | None = None
    device_index: int | None = None

    @classmethod
    def from_string(cls, text: str) -> DeviceSpec:
        """Parse ``/job:worker/task:1/device:GPU:0``, ``/gpu:0`` or ``/cpu:0``. Raises ValueError otherwise."""
        parts: dict = {}
        for piece in filter(None, text.split("/")):
            match = _PART.match(piece)
            key, rest = (match["key"].lower(), match["rest"]) if match else ("", None)
            try:
                if key == "job" and rest:
                    parts["job"] = rest
                elif key in ("replica", "task") and rest:
                    parts[key] = int(rest)
                elif key == "device" and rest:
                    kind, _, index = rest.partition(":")
                    parts.update(device_type=kind.upper(), device_index=_index(index))
                elif key in ("cpu", "gpu"):
                    parts.update(device_type=key.upper(), device_index=_index(rest or ""))
                else:
                    raise ValueError
            except ValueError:
                raise ValueError(
                    f"Unknown attribute {piece!r} is used while parsing the device string {text!r}"
                ) from None
        return cls(**parts)

    def merged_over(self, outer: DeviceSpec) -> DeviceSpec:
        """This spec with what it leaves open taken from `outer`; a device index belongs to its own device type."""
        kind, index = self.device_type, self.device_index
        if kind is None or (kind == outer.device_type and index is None):
            kind = outer.device_type if kind is None else kind
            index = outer.device_index if index is None else index
        return DeviceSpec(
            outer.job if self.job is None else self.job,
            outer.replica if self.replica is None else self.replica,
            outer.task if self.task is None else self.task,
            kind,
            index,
        )

    def to_string(self) -> str:
        """The canonical name, such as ``/device:GPU:0``; an open index is written ``*``."""
        text = "" if self.job is None else f"/job:{self.job}"
        text += "" if self.replica is None else f"/replica:{self.replica}"
        text += "" if self.task is None else f"/task:{self.task}"
        if self.device_type is not None:
            text += f"/device:{self.device_type}:{'*' if self.device_index is None else self.device_index}"
        return text


def _index(text: str) -> int | None:
    return None if text in ("", "*") else int(text)


@functools.lru_cache(maxsize=1024)
def merge_device(inner: str, outer: str) -> str:
    """The canonical name of `inner` inside the device scope `outer`."""
    return DeviceSpec.from_string(inner).merged_over(DeviceSpec.from_string(outer)).to_string()
