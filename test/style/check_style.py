# SPDX-License-Identifier: MIT
"""Rules that neither compiler nor formatter knows; prints file:line for each break."""

import re
import sys
from pathlib import Path

SOURCE_FOLDERS = ("src", "cli", "tools", "test", "bench")
OTHER_FOLDERS = ("scripts", "cmake", ".ci", "packaging")
MAX_LINES = 500
MAX_COLUMNS = {"cpp": 100, "other": 120}
LICENSE = "SPDX-License-Identifier: MIT"

UNFINISHED = re.compile(r"\b(TO" r"DO|FIX" r"ME|X" r"XX)\b")
DISABLED = re.compile(r"\bDISABLED" r"_|pytest\.mark\.skip\b|pytest\.mark\.xfail")
SPAWN = re.compile(r"\bco_spawn\b")
LOCK = re.compile(
    r"std::(recursive_|shared_|timed_)*mutex\b|std::(lock_guard|scoped_lock|shared_lock|unique_lock|condition_variable)"
)
STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
SOCKETS = re.compile(r'#\s*include\s+[<"](boost/asio|boost/beast|sys/socket|netinet/|arpa/|sys/epoll|net/)')

# Parsers and state machines: bytes in, values out.
SANS_IO = (
    "src/http/message",
    "src/http/head_parser",
    "src/http/body_decoder",
    "src/http/content_range",
    "src/http/multipart",
    "src/http/urlencoded",
    "src/upload/upload_state",
    "src/base/range_set",
    "src/s3/documents",
    "src/s3/failure",
    "src/s3/fold_plan",
    "src/s3/merge_plan",
    "src/s3/signer",
)
MAY_PARSE_WITH_BEAST = ("src/http/head_parser.cc",)

# Folders that do arithmetic on numbers of clients: a raw sum of sizes wraps around (base/checked.h).
RECKONS = ("src/protocol/", "src/journal/layout", "src/upload/admission")
OPERATION = re.compile(r"(?<=[\w)\]]) [-+*]=? ")
LEFT_NAME = re.compile(r"(\w+)(\(\))?$")
RIGHT_NAME = re.compile(r"[*(]*(?:\w+(?:\(\))?(?:\.|->|::))*(\w+)(\(\))?")
SIZE = re.compile(r"^(begin|end|most)_?$|(^|_)(size|bytes|total|room)_?$")
SIZE_CALL = re.compile(r"^(total|prefix|\w+_size|\w+_bytes)$")
# Examples that the rule has to find, and others that it has to leave alone.
RAW_SUMS = (
    "const std::uint64_t room = file_size_max - layout.total_size();",
    "extra_files.push_back({tag, file_name, {begin, begin + size}});",
    "const std::uint64_t begin = range_.begin + number * part_size_;",
    "*outline.limits.bytes += beside;",
    "if (end > *piece.end - 1) {",
    "field_bytes_ += data.size();",
)
NO_RAW_SUMS = (
    "if (end != text.data() + text.size()) {",
    "path.remove_prefix(std::min(path.size(), raw.size() + 1));",
    'message = "at most " + std::to_string(total) + " bytes, not " + size + " bytes";',
    "at_hand_.resize(undecided_.size() + limits::form_prefetch_bytes);",
    "const Bytes* end_of(const Text& text, std::size_t size);",
    "return count + more;  // bytes + bytes",
    "if (piece.end > begin && *size > 0) {",
)

# The messages of these folders may hold paths. For the codes that the pattern leaves out clients get other words
# (base/told.h); a message of any other code must hold no path.
KNOWS_PATHS = ("src/runtime/", "src/s3/", "src/store/")
TOLD_TO_CLIENTS = re.compile(r"\bErrc::(?!(?:conflict|delivery_failed|disk_full|draining|file_missing|internal|overloaded|storage_failed|unavailable)\b)\w+")


def adds_sizes(line):
    """Whether an operand of a raw +, - or * has the name of a size or an offset."""
    code = STRING.sub('""', line.split("//")[0])
    for operation in OPERATION.finditer(code):
        before, after = code[: operation.start()], code[operation.end() :]
        if before.endswith('"') or after.startswith(('"', "limits::")):
            continue
        for operand in (LEFT_NAME.search(before), RIGHT_NAME.match(after)):
            if operand and (SIZE_CALL if operand[2] else SIZE).search(operand[1]):
                return True
    return False


class Checker:
    def __init__(self, root):
        self.root = root
        self.problems = []
        self.count = 0

    def report(self, file, line, text):
        self.problems.append(f"{file.relative_to(self.root)}:{line}: {text}")

    def check_file(self, file):
        self.count += 1
        name = file.relative_to(self.root).as_posix()
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            self.report(file, 1, "not UTF-8")
            return
        lines = text.split("\n")
        is_cpp = file.suffix in (".h", ".cc")
        if file.name != "CMakeLists.txt" and LICENSE not in "\n".join(lines[:2]):
            self.report(file, 1, f"expected the head line '{LICENSE}'")
        if text and not text.endswith("\n"):
            self.report(file, len(lines), "no line end at the end of the file")
        if len(lines) - 1 > MAX_LINES:
            self.report(file, MAX_LINES + 1, f"{len(lines) - 1} lines, at most {MAX_LINES} are allowed")
        for number, line in enumerate(lines, 1):
            self.check_line(file, name, number, line, is_cpp)

    def check_line(self, file, name, number, line, is_cpp):
        limit = MAX_COLUMNS["cpp" if is_cpp else "other"]
        # A literal that cannot be broken may be longer: bytes of the wire are more readable whole.
        if len(line) > limit and not (STRING.search(line) or 'R"' in line):
            self.report(file, number, f"{len(line)} columns, at most {limit} are allowed")
        if line.rstrip() != line:
            self.report(file, number, "white space at the end of the line")
        if is_cpp and "\t" in line:
            self.report(file, number, "a tab")
        if UNFINISHED.search(line):
            self.report(file, number, "unfinished work belongs in an issue")
        if DISABLED.search(line):
            self.report(file, number, "a test that does not run")
        if is_cpp and name.startswith(RECKONS) and not name.endswith("_test.cc") and adds_sizes(line):
            self.report(file, number, "a raw sum of sizes: use base/checked.h")
        if is_cpp and name.startswith(KNOWS_PATHS) and not name.endswith("_test.cc") and TOLD_TO_CLIENTS.search(line):
            self.report(file, number, "clients hear the message of this error, and a path may be in it")
        if is_cpp and SPAWN.search(line.split("//")[0]):
            if name != "src/runtime/task.cc" and not name.startswith("test/") and not name.endswith("_test.cc"):
                self.report(file, number, "co_spawn outside src/runtime/task.cc: use TaskGroup or start()")
        if is_cpp and name.startswith(("src/", "cli/")) and name != "src/base/mutex.h" and LOCK.search(line):
            self.report(file, number, "a lock that the compiler does not check: use base/mutex.h")
        stem = name.rsplit(".", 1)[0]
        if is_cpp and stem in SANS_IO and SOCKETS.search(line):
            if not (name in MAY_PARSE_WITH_BEAST and "boost/beast" in line):
                self.report(file, number, "a sans-IO file includes sockets")

    def check_listed(self, file):
        """Every .cc of a folder is named in a CMakeLists.txt, so nothing lies there unbuilt."""
        folder = file.parent
        while folder != self.root and not (folder / "CMakeLists.txt").is_file():
            folder = folder.parent
        if folder == self.root:
            self.report(file, 1, "no CMakeLists.txt above it names it")
            return
        cmake = (folder / "CMakeLists.txt").read_text(encoding="utf-8")
        wanted = file.relative_to(folder).as_posix()
        if not re.search(r"(?<![\w./-])" + re.escape(wanted) + r"(?![\w.-])", cmake):
            self.report(file, 1, f"not listed in {(folder / 'CMakeLists.txt').relative_to(self.root)}")


def files_to_check(root):
    for folder in SOURCE_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.suffix in (".h", ".cc", ".py", ".js", ".mjs") or file.name == "CMakeLists.txt":
                if not {"__pycache__", "node_modules"} & set(file.parts):
                    yield file
    for folder in OTHER_FOLDERS:
        for file in sorted((root / folder).rglob("*")):
            if file.is_file() and (file.suffix in (".cmake", ".py", ".sh") or "." not in file.name):
                yield file
    yield root / "CMakeLists.txt"


def main(root):
    if not all(map(adds_sizes, RAW_SUMS)) or any(map(adds_sizes, NO_RAW_SUMS)):
        print("the rule on raw sums does not know its own examples")
        return 1
    checker = Checker(root)
    for file in files_to_check(root):
        checker.check_file(file)
        if file.suffix == ".cc":
            checker.check_listed(file)
    for problem in checker.problems:
        print(problem)
    print(f"{checker.count} files, {len(checker.problems)} breaks of the rules")
    return 1 if checker.problems or not checker.count else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
