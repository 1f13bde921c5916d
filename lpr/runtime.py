"""onnxruntime, told before it loads to report to nobody.

Its Linux builds since 1.29 tell their maker about the process, the machine and the models, under an identifier that they leave in the
home directory. The variable counts when the library loads and never again, so whoever needs onnxruntime takes it from here.
Source: "Add POSIX telemetry", pull request 27379 of microsoft/onnxruntime.
"""

from __future__ import annotations

import os

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

import onnxruntime  # type: ignore[import-untyped]  # it ships no types; it may load only now

__all__ = ["onnxruntime"]
