"""The messages that are described here, as classes of the `protobuf` package, to compare with."""

import itertools

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

from scopeflow.engine.wire import Message

_COUNT = itertools.count()


def protobuf_classes(*messages, oneofs=None):
    """A class for each of `messages`, which hold no others than these.

    A repeated message called ...Entry is a map's. `oneofs` has, by message, the names of fields by oneof.
    """
    package = f"twins{next(_COUNT)}"
    file = descriptor_pb2.FileDescriptorProto(name=f"{package}.proto", package=package, syntax="proto3")
    for message in messages:
        _describe(
            file.message_type.add(name=message.name), message, f".{package}", (oneofs or {}).get(message.name, {})
        )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return [message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{package}.{m.name}")) for m in messages]


def _describe(described, message, package, oneofs):
    types = descriptor_pb2.FieldDescriptorProto
    for name in oneofs:
        described.oneof_decl.add(name=name)
    for field in message.fields:
        proto = described.field.add(name=field.name, number=field.number)
        proto.label = types.LABEL_REPEATED if field.repeated else types.LABEL_OPTIONAL
        if isinstance(field.kind, Message) and field.kind.name.endswith("Entry"):
            entry = described.nested_type.add(name=field.kind.name)
            entry.options.map_entry = True
            _describe(entry, field.kind, package, {})
            proto.type, proto.type_name = types.TYPE_MESSAGE, f"{package}.{message.name}.{field.kind.name}"
        elif isinstance(field.kind, Message):
            proto.type, proto.type_name = types.TYPE_MESSAGE, f"{package}.{field.kind.name}"
        else:
            proto.type = getattr(types, f"TYPE_{field.kind.upper()}")
        of = [index for index, members in enumerate(oneofs.values()) if field.name in members]
        if of:
            proto.oneof_index = of[0]
        elif field.explicit:
            proto.proto3_optional = True
            proto.oneof_index = len(described.oneof_decl)
            described.oneof_decl.add(name=f"_{field.name}")
