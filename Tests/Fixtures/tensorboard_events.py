#!/usr/bin/env python3
"""Makes the event file that Apus's TensorBoard log is compared with, byte for byte, and reads what Apus has written.

    pip install tensorboard==2.21.0 protobuf==7.36.2 setuptools==80.9.0
    python Tests/Fixtures/tensorboard_events.py                 # writes training/events.tfevents
    python Tests/Fixtures/tensorboard_events.py --read FOLDER   # what TensorBoard's own reader finds in a log
"""

import os
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.compat.proto.event_pb2 import Event
from tensorboard.compat.proto.summary_pb2 import Summary
from tensorboard.summary.writer.record_writer import RecordWriter

OUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "training", "events.tfevents")


def scalar(tag, value):
    return Summary.Value(tag=tag, simple_value=value)


def text(tag, content):
    value = Summary.Value(tag=tag)
    value.metadata.plugin_data.plugin_name = "text"
    value.tensor.dtype = 7  # DT_STRING
    value.tensor.tensor_shape.SetInParent()  # A scalar; of an array the text plugin makes a table.
    value.tensor.string_val.append(content.encode())
    return value


def events():
    yield Event(wall_time=1000.0, step=0, file_version="brain.Event:2")
    yield Event(wall_time=1000.5, step=10, summary=Summary(value=[
        scalar("loss/train", 3.25), scalar("learning rate", 1e-3), scalar("gradient norm", 0.75),
        scalar("speed/tokens per second", 12345.5), scalar("tokens", 40960.0), scalar("speed/share of peak", 0.625),
        scalar("memory/GB", 1.5)]))
    yield Event(wall_time=1001.25, step=300, summary=Summary(value=[
        scalar("loss/validation", 3.5), scalar("validation bits per byte", 1.25)]))
    yield Event(wall_time=1002.0, step=70000, summary=Summary(value=[text("sample", "    Once é\n    <upon> a time")]))


def write():
    os.makedirs(os.path.dirname(OUT), exist_ok=True)
    with open(OUT, "wb") as file:
        writer = RecordWriter(file)
        for event in events():
            # A step of 0 is the default and left out by Python; Apus always writes it.
            message = event.SerializeToString(deterministic=True)
            if event.step == 0:
                message = message[:9] + b"\x10\x00" + message[9:]
            writer.write(message)
        writer.flush()


def read(folder):
    accumulator = EventAccumulator(folder, size_guidance={"scalars": 0, "tensors": 0})
    accumulator.Reload()
    tags = accumulator.Tags()
    for tag in sorted(tags["scalars"]):
        print(tag, [(e.step, round(e.value, 6)) for e in accumulator.Scalars(tag)])
    for tag in sorted(tags["tensors"]):
        print(tag, [(e.step, e.tensor_proto.string_val[0].decode()) for e in accumulator.Tensors(tag)])


if __name__ == "__main__":
    read(sys.argv[2]) if sys.argv[1:2] == ["--read"] else write()
