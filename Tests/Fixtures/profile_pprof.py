#!/usr/bin/env python3
"""Reads a pprof file with Google's own schema and compares it with the profile and the folded stacks it was made from.

    pip install protobuf==7.36.2
    pip install setuptools wheel
    pip download --no-deps --no-binary :all: --no-build-isolation google-cloud-profiler==4.1.0   # for its profile_pb2.py
    PYTHONPATH=<folder of profile_pb2.py> python Tests/Fixtures/profile_pprof.py NAME.pprof NAME.folded NAME.json

dev/test-report.sh does all of it.
"""

import json
import sys

import profile_pb2
from google.protobuf.unknown_fields import UnknownFieldSet


def stacks(profile):
    """Values by stack, from the outside in."""
    text = profile.string_table
    functions = {function.id: text[function.name] for function in profile.function}
    locations = {location.id: functions[location.line[0].function_id] for location in profile.location}
    return {
        tuple(locations[place] for place in reversed(sample.location_id)): list(sample.value)
        for sample in profile.sample
    }


def main():
    pprof, folded, source = sys.argv[1:]
    profile = profile_pb2.Profile()
    with open(pprof, "rb") as file:
        profile.ParseFromString(file.read())
    with open(source) as file:
        expected = json.load(file)
    text = profile.string_table
    assert text[0] == "", "the first text is not empty"
    assert profile.IsInitialized(), "a field is missing"
    for message in (profile, *profile.sample, *profile.location, *profile.function, *profile.sample_type):
        assert len(UnknownFieldSet(message)) == 0, "a field is not in the schema"
    types = [(text[value.type], text[value.unit]) for value in profile.sample_type]
    assert types == [("time", "nanoseconds"), ("flops", "count"), ("bytes", "bytes"), ("waiting", "nanoseconds")], types
    assert all(len(sample.value) == len(types) for sample in profile.sample)
    assert text[profile.default_sample_type] == "time"
    assert profile.duration_nanos == sum(phase["wall"] for phase in expected["phases"])

    found = stacks(profile)
    operations = [operation for phase in expected["phases"] for operation in phase["operations"]]
    for column, total in (
        (0, sum(sum(operation["busy"]) for operation in operations)),
        (3, sum(sum(operation["wait"]) for operation in operations)),
    ):
        assert sum(values[column] for values in found.values()) == total, f"the sum of {types[column][0]}"

    # The folded stacks say the same, where no name had to be changed for them.
    with open(folded) as file:
        lines = [line.rstrip("\n").rsplit(" ", 1) for line in file]
    for stack, time in lines:
        frames = tuple(stack.split(";"))
        if frames[0] == "interrupted":
            frames = frames[1:]
        if frames[-1] == "outside of all operations":
            continue
        column = 3 if frames[-1] == "waiting" else 0
        frames = frames[:-1] if column else frames
        if frames in found:
            assert found[frames][column] == int(time), f"{frames}: {found[frames][column]} and {time}"
        else:
            assert any("\n" in name or ";" in name for name in text), f"{frames} is missing"
    print(f"{len(found)} stacks agree")


if __name__ == "__main__":
    main()
