"""tensorflow.python.client.device_lib: which devices there are."""

from __future__ import annotations

from typing import Any, NamedTuple

from ..engine.devices import DeviceSpec
from ..kernels.backend import list_devices


class DeviceAttributes(NamedTuple):
    """A device's name and kind. `memory_limit` and `physical_device_desc` are not known here: 0 and empty."""

    name: str
    device_type: str
    memory_limit: int = 0
    physical_device_desc: str = ""


def list_local_devices(session_config: Any = None) -> list[DeviceAttributes]:
    """The devices that operations may be placed on; `session_config` changes nothing."""
    return [DeviceAttributes(name, DeviceSpec.from_string(name).device_type or "") for name in list_devices()]


__all__ = ["list_local_devices"]
