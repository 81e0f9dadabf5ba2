#!/usr/bin/env python3
"""What the compilers and linters do not check about the tree. Prints each fault as FILE:LINE: what is wrong.

    tests/style/style_test.py [ROOT]
"""
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else __file__).resolve()
if ROOT.is_file():
    ROOT = ROOT.parents[2]

LINES_MAX = 499
CPP = {".c", ".h", ".cpp", ".hpp"}

# Folder: the folders of ours whose headers it may include. The longest prefix of a file's path counts.
MAY_INCLUDE = {
    "ipc": {"ipc"},
    "client-lib": {"client-lib", "ipc"},
    "kafka": {"kafka"},
    "keeper": {"keeper"},
    "daemon": {"daemon", "ipc", "kafka", "client-lib", "keeper"},
    "bench": {"bench", "tests", "ipc", "kafka", "client-lib", "daemon"},
    "fuzz": {"fuzz", "ipc", "kafka", "client-lib", "daemon", "tests"},
    "tests": {"tests", "ipc", "kafka", "client-lib", "daemon", "keeper"},
    "tests/package": set(),
}
# Header of another library: the only folder that may include it.
ONLY_IN = {"librdkafka/rdkafka.h": "kafka", "librdkafka/rdkafka_mock.h": "kafka", "rdkafka.h": "kafka"}

# Folder: the only header of it that other folders may include.
ONE_HEADER = {"keeper": "keeper/keeper_frames.hpp"}

# Each in two parts, so that this file does not find itself.
FORBIDDEN = [
    (re.compile(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b"), "an open end: do it, or write an issue"),
    (re.compile(r"/wo" r"rk/|/ro" r"ot/|/ho" r"me/[a-z]|\.py" r"env|\.\./sha" r"red"), "a path of somebody's machine"),
    (re.compile(r"GTEST_" r"SKIP|\bDIS" r"ABLED_[A-Z][a-z]"), "a test that does not run: it proves nothing"),
    (re.compile(r"[ \t]+$"), "white space at the end of the line"),
]
INCLUDE = re.compile(r'\s*#\s*include\s*([<"])([^">]+)[">]')


def tracked_files():
    names = subprocess.run(["git", "-C", str(ROOT), "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
                           check=True, capture_output=True, text=True).stdout
    # Inputs of fuzzers are any bytes.
    return [pathlib.PurePosixPath(name) for name in sorted(set(names.split("\0")) - {""})
            if (ROOT / name).is_file() and not name.startswith("fuzz/corpus/")]


def home_of(path):
    """The entry of MAY_INCLUDE that the file falls under."""
    return max((home for home in MAY_INCLUDE if str(path).startswith(home + "/")), key=len, default=None)


def include_fault(path, bracket, header):
    for name, folder in ONLY_IN.items():
        if header == name and path.parts[0] != folder:
            return f"includes {header}, which only {folder}/ may"
    home = home_of(path)
    folder = header.split("/")[0]
    if home is None or bracket == "<" or "/" not in header:
        return None
    if folder not in MAY_INCLUDE[home]:
        return f"includes {header}: {home}/ may include of {sorted(MAY_INCLUDE[home])} only"
    if folder in ONE_HEADER and home != folder and header != ONE_HEADER[folder]:
        return f"includes {header}: of {folder}/ others may include {ONE_HEADER[folder]} only"
    if not (ROOT / header).is_file():
        return f"includes {header}, which is not there, counted from the root of the tree"
    return None


def faults_of(path):
    text = (ROOT / path).read_text(encoding="utf-8", errors="replace")
    lines = text.splitlines()
    if re.search(r"(^|[_-])util(s|ities)?([._-]|$)", path.name):
        yield 1, "a name that says nothing: name the file after what is in it"
    if path.name not in {"LICENSE", "package-lock.json"} and len(lines) > LINES_MAX:
        yield LINES_MAX + 1, f"{len(lines)} lines; a file has at most {LINES_MAX}"
    if text and not text.endswith("\n"):
        yield len(lines), "no new line at the end of the file"
    if path.suffix in {".h", ".hpp"} and "#pragma once" not in text and "#ifndef" not in text:
        yield 1, "a header without #pragma once"
    for number, line in enumerate(lines, 1):
        for pattern, why in FORBIDDEN:
            if pattern.search(line):
                yield number, why
        match = INCLUDE.match(line) if path.suffix in CPP else None
        if match and (why := include_fault(path, *match.groups())):
            yield number, why


def formatting_faults(paths):
    run = subprocess.run(["clang-format-14", "--dry-run", *map(str, paths)], cwd=ROOT, capture_output=True, text=True)
    places = [line.split(": ")[0] for line in run.stderr.splitlines() if "[-Wclang-format-violations]" in line]
    first_of_file = {place.split(":")[0]: place for place in reversed(places)}
    for place in first_of_file.values():
        yield f"{place}: not as clang-format-14 would have it"
    if run.returncode:
        yield f"clang-format-14 failed: {run.stderr}"


def main():
    files = tracked_files()
    faults = [f"{path}:{number}: {why}" for path in files for number, why in faults_of(path)]
    sources = [path for path in files if path.suffix in CPP]
    faults += formatting_faults(sources)
    faults += [f"{folder}: has no README.md" for folder in sorted({path.parts[0] for path in sources})
               if not (ROOT / folder / "README.md").is_file()]
    for fault in faults:
        print(fault)
    print(f"{len(files)} files, {len(sources)} of them C and C++: {len(faults)} faults")
    sys.exit(1 if faults or not sources else 0)


main()
