"""The layer checker itself: a tree that breaks a rule fails, with the file, the line and the rule."""
import subprocess

import pytest

from conftest import REPOSITORY


def check(root):
    done = subprocess.run([REPOSITORY / "scripts/layers", root], capture_output=True, text=True)
    return done.returncode, done.stdout.splitlines()


def write(root, path, text):
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def function_of(lines):
    return "int f() {\n" + "    g();\n" * (lines - 2) + "}\n"


GOOD = {
    "src/base/bytes.h": '#pragma once\n#include <vector>\n// std::chrono::steady_clock::now() and getenv in a comment\n',
    "src/crypto/kem.cpp": '#include "base/bytes.h"\n#include <openssl/evp.h>\nconst char* text = "getenv(x) socket( boost/asio";\n',
    "src/net/loop.cpp": '#include "base/bytes.h"\n#include <boost/asio.hpp>\nauto t = Clock::now();\n',
    "src/options.cpp": '#include "options.h"\nauto home = std::getenv("HOME");\n',
    "src/api/chat.cpp": "namespace api {\nclass A {\n" + "    int x;\n" * 90 + "};\n" + function_of(70) + "}\n" + "//\n" * 600,
    "test/unit/net/loop_test.cpp": '#include "proxy/routes.h"\n#include <openssl/ssl.h>\n',
    "docs/notes.md": "a mirror of the registry\n",
}

BAD = {
    "an include upward": ("src/base/a.cpp", '#include "net/loop.h"\n', "src/base/a.cpp:1: base may not include net"),
    "an include across": ("src/json/a.cpp", '#include "crypto/kem.h"\n', "json may not include crypto"),
    "main included": ("src/proxy/a.cpp", '\n#include "main.h"\n', "src/proxy/a.cpp:2: proxy may not include main"),
    "the simulator included": ("src/cli/a.cpp", '#include "sim/world.h"\n', "cli may not include sim"),
    "an unknown layer": ("src/misc/a.cpp", '#include "base/bytes.h"\n', "misc is no layer"),
    "a relative include": ("src/net/a.cpp", '#include "../base/bytes.h"\n', "is a relative path"),
    "OpenSSL in proxy": ("src/proxy/a.cpp", "#include <openssl/ssl.h>\n", "<openssl/ssl.h> may be included in"),
    "yyjson in api": ("src/api/a.cpp", "#include <yyjson.h>\n", "<yyjson.h> may be included in json only"),
    "Asio in the core": ("src/discovery/a.cpp", "#include <boost/asio.hpp>\n", "the core has no socket"),
    "a socket header in the core": ("src/e2ee/a.cpp", "#include <sys/socket.h>\n", "the core has no socket"),
    "a thread in the core": ("src/api/a.cpp", "#include <thread>\n", "the core has no socket"),
    "a clock in the core": ("src/discovery/a.cpp", "auto t = std::chrono::steady_clock::now();\n", "the core has no clock"),
    "the environment in net": ("src/net/a.cpp", 'auto p = ::getenv("NO_PROXY");\n', "reads the environment"),
    "a long file": ("src/net/a.cpp", "//\n" * 501, "501 lines, 500 are allowed"),
    "a long dialect": ("src/api/a.cpp", "//\n" * 801, "801 lines, 800 are allowed"),
    "a long function": ("src/net/a.cpp", "\n" + function_of(71), "src/net/a.cpp:2: a function of 71 lines"),
    "a long method": ("src/net/a.h", "#pragma once\nclass A {\n" + function_of(71) + "};\n", "a.h:3: a function of 71 lines"),
    "a long constructor": ("src/net/a.cpp", "A::A(int x) : a_{x}, b_{0} {\n" + "g();\n" * 80 + "}\n", "a function of 82 lines"),
    "a long test": ("test/unit/a.cpp", "TEST(a, b) {\n" + "if (x) { y(); }\n" * 80 + "}\n", "a function of 82 lines"),
    "a header without guard": ("src/net/a.h", "int f();\n", "a header without #pragma once"),
    "a mirror's host": ("scripts/deps", "fetch https://debian-mir" + "ror.example.com/debian\n", "names the host of a package mirror"),
}


def test_the_checker_accepts_a_tree_that_keeps_the_rules(tmp_path):
    for path, text in GOOD.items():
        write(tmp_path, path, text)
    assert check(tmp_path) == (0, [])


@pytest.mark.parametrize("rule", BAD)
def test_the_checker_names_the_line_of_a_tree_that_breaks_a_rule(tmp_path, rule):
    path, text, words = BAD[rule]
    write(tmp_path, path, text)
    code, lines = check(tmp_path)
    assert code == 1
    assert len(lines) == 1 and words in lines[0]
