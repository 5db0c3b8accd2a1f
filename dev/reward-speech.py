#!/usr/bin/env python3
"""Rewards a story for how much of it is said: the share of its letters within quotation marks.

For `apus rollouts --reward-command` and `reward.command`: a line of JSON for each answer comes in, a number goes out.
"""

import json
import re
import sys

for line in sys.stdin:
    story = json.loads(line)["completion"]
    said = sum(len(words) for words in re.findall(r'"([^"]*)"', story))
    print(said / max(1, len(story)), flush=True)
