#!/usr/bin/env python3
"""The manuals say what the tables of the source say: options, counters, commands, trace classes,
exit codes. And README, sample and manuals name nothing that is not there."""

import os
import re
import sys
import unittest

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def items(page):
    """The .It entries of a page: (the line, the text below it)."""
    found = []
    for part in re.split(r"^\.It ", page, flags=re.M)[1:]:
        head, _, body = part.partition("\n")
        body = re.split(r"^\.(?:El|Bl|Sh|Ss)", body, flags=re.M)[0]
        found.append((head, " ".join(re.sub(r"^\.(?:Ql|Qq|Ic|Ar|Pa|Dv|Xr|Pp) ?", "", line)
                                     for line in body.split("\n"))))
    return found


def inside(text, group):
    """What stands between the braces of a group in a configuration."""
    begin = re.search(r"^\s*%s = \{" % group, text, re.M).end()
    depth, end = 1, begin
    while depth:
        depth += {"{": 1, "}": -1}.get(text[end], 0)
        end += 1
    return text[begin:end - 1]


class Options(unittest.TestCase):
    row = re.compile(r'^OPT_(STR|INT)\("([^"]+)",\s*\w+,\s*(.*?),\s*(RELOAD|RESTART),', re.M)

    def setUp(self):
        self.rows = self.row.findall(read("src", "ipc", "options.def"))
        self.assertGreater(len(self.rows), 15)
        self.page = {}
        for head, body in items(read("doc", "chatd.conf.5")):
            m = re.match(r"Ic ([a-z0-9_.]+) No =.*?(?:Pq (reload|restart))?$", head)
            if m and m.group(2):
                self.page[m.group(1)] = (m.group(2), body)

    def test_every_row_is_explained(self):
        header = read("src", "ipc", "ipc.h")
        for kind, name, values, when in self.rows:
            with self.subTest(name):
                self.assertTrue(name in self.page, name + " is not in the manual")
                mark, body = self.page[name]
                self.assertEqual(mark, when.lower())
                values = [v.strip() for v in values.split(",")]
                if kind == "INT":
                    low, high, default = values
                    if not high.isdigit():
                        high = re.search(r"#define %s (\d+)\b" % high, header).group(1)
                    self.assertIn("%s to %s." % (low, high), body)
                    self.assertRegex(body, r"Default: %s\b" % default)
                else:
                    self.assertIn("at most %s bytes" % values[0], body)
                    if values[1].startswith('"'):
                        self.assertRegex(body, r"Default: +%s" % (re.escape(values[1].strip('"')) or "[,.]"))

    def test_nothing_else_is_explained(self):
        known = {name for _, name, _, _ in self.rows} | {"control.admin", "control.operate", "control.read", "irc.webirc", "tls.more"}
        self.assertEqual(set(self.page) - known, set())

    def test_sample(self):
        text = re.sub(r"//.*", "", read("etc", "chatd.conf.in"))
        for kind, name, values, _ in self.rows:
            if "." not in name:
                continue
            *groups, option = name.split(".")
            body = text
            for group in groups:
                body = inside(body, group)
            m = re.search(r"\b%s = (\"[^\"]*\"|[^;]*);" % option, body)
            self.assertIsNotNone(m, name + " is not in the sample")
            if kind == "INT":
                self.assertEqual(m.group(1), values.split(",")[2].strip(), name)


class Counters(unittest.TestCase):
    def test_both_ways(self):
        rows = re.findall(r'^(?:COUNTER|GAUGE)\s*\((\w+),\s*\w+,\s*"((?:[^"\\]|\\.)*)",\s*"([^"]*)"\)',
                          read("src", "ipc", "counters.def"), re.M)
        self.assertGreater(len(rows), 20)
        section = re.search(r"^\.Sh COUNTERS$(.*?)^\.Sh ", read("doc", "chatd.8"), re.M | re.S).group(1)
        said = {}
        for head, body in items(section):
            name = re.sub(r"^Li ", "", head)
            m = re.match(r"(\w+) Ns Brq (\w+)=(\w+)$", name)
            if m:
                name = '%s{%s="%s"}' % m.groups()
            said[name] = body.strip()
        for name, label, text in rows:
            name = label.replace('\\"', '"') or name
            with self.subTest(name):
                self.assertEqual(said.pop(name, None), text)
        # These come from the master, and from the workers' histograms, not from a row.
        for name in ("process_restarts_total Ns Brq role", "process_cpu_seconds_total Ns Brq role,index",
                     "process_resident_bytes Ns Brq role,index", "build_info Ns Brq version", "delivery_seconds"):
            self.assertIn(name, said)
            del said[name]
        self.assertEqual(said, {})


class Commands(unittest.TestCase):
    def test_both_ways(self):
        rows = re.findall(r'^CTL_CMD\(\w+, "([^"]+)", "([^"]*)", \d, \d, (\w+), \w+, [^,]*, ([^,]*),',
                          read("src", "ipc", "ctl_cmds.def"), re.M)
        self.assertGreater(len(rows), 25)
        section = re.search(r"^\.Sh COMMANDS$(.*?)^\.Sh ", read("doc", "chatctl.8"), re.M | re.S).group(1)
        said = {}
        for head, body in items(section):
            words = re.match(r"Cm ((?:[a-z]+ ?)+)", re.sub(r" (Ar|Op|Oo|Cm) .*", "", head)).group(1).strip()
            said[words] = (head, body)
        options = dict(re.findall(r'^CTL_OPTION\((\w+),\s*"-{1,2}(\w+)"', read("src", "ipc", "ctl_cmds.def"), re.M))
        for name, args, level, takes in rows:
            with self.subTest(name):
                self.assertIn(name, said)
                head, body = said.pop(name)
                for arg in re.findall(r"[A-Z]+", args):
                    self.assertRegex(head, r"Ar %s\b" % arg.lower())
                for option in options:
                    has = re.search(r"Fl -?%s\b" % re.escape(options[option]), head)
                    self.assertEqual(bool(has), option in re.findall(r"\w+", takes), options[option])
                if level != "NONE":
                    self.assertIn(".Pq " + level.lower(), body)
        self.assertEqual(said, {})


class Chat(unittest.TestCase):
    def test_commands(self):
        table = re.search(r"cmds\[\] = \{(.*?)^\};", read("src", "tools", "chat", "cmd.c"), re.M | re.S).group(1)
        rows = [name for name, flags in re.findall(r'\{"(\w+)",\s*"[^"]*",\s*\d,\s*\d,\s*([\w| ]+),', table) if "HIDDEN" not in flags]
        self.assertGreater(len(rows), 40)
        self.assertEqual(re.findall(r"^\.It Cm /(\w+)", read("doc", "chat.1"), re.M), rows)

    def test_options(self):
        source = read("src", "tools", "chat", "chatconf.c")
        there = set(re.findall(r'^    \{"([a-z-]+)",', source, re.M)) - {"fetch-test"}  # that one is for tests
        page = read("doc", "chat.1")
        self.assertNotIn("fetch", page.replace("fetches", "").replace("fetched", ""))
        self.assertEqual(there - set(re.findall(r"(?:Fl|,) -([a-z-]+)", page)), set())
        for name in re.findall(r'strcmp\(name, "(\w+)"\)', source):
            self.assertRegex(page, r"(?m)(^|  )%s = " % name)

    def test_exit_codes(self):
        codes = re.search(r"^enum \{(.*?)^\};", read("src", "tools", "chat", "chatconf.h"), re.M | re.S).group(1)
        said = re.search(r"^\.Sh EXIT STATUS$(.*?)^\.Sh ", read("doc", "chat.1"), re.M | re.S).group(1)
        self.assertEqual(re.findall(r"^\.It (\d)$", said, re.M), [str(i) for i in range(len(re.findall(r"^\tCHAT_", codes, re.M)))])


class Protocol(unittest.TestCase):
    """doc/protocol.md: both ways."""

    def table(self, title):
        section = re.search(r"^## %s$(.*?)^## " % title, read("doc", "protocol.md"), re.M | re.S).group(1)
        rows = [[cell.strip() for cell in row.strip("|").split("|")]
                for row in section.split("\n") if row.startswith("| ")]
        self.assertGreater(len(rows), 5)
        return rows[1:]

    def test_commands(self):
        table = re.search(r"irc_cmds\[\] = \{(.*?)^\};", read("src", "worker", "irc", "cmd.c"), re.M | re.S).group(1)
        there = set(re.findall(r'^    \{"([A-Z]+)"', table, re.M))
        rows = self.table("Commands")
        said = set()
        for row in rows:
            said |= {word for word in re.findall(r"[A-Z]{2,}", re.sub(r"\(.*?\)", "", row[0])) if word in there}
            for name in re.sub(r" \(.*?\)", "", row[2]).split(", "):
                with self.subTest(row[0]):
                    self.assertTrue(os.path.exists(os.path.join(TOP, "tests", "system", name + ".py")), name)
        self.assertEqual(there - said, set())
        first = {word for row in rows for word in re.findall(r"(?:^|, )([A-Z]{2,})(?=[ ,]|$)", row[0])}
        subcommands = {"REQ", "END", "GET", "SET", "CLEAR", "SUB", "UNSUB", "SUBS", "SYNC"}
        self.assertEqual(first - there - subcommands, set())

    def test_capabilities(self):
        there = set(re.findall(r'^IRC_CAP\(\w+,\s*"([^"]+)"', read("src", "ipc", "irc_caps.def"), re.M))
        self.assertGreater(len(there), 20)
        said = {name for row in self.table("Capabilities") for name in row[0].split(", ")}
        self.assertEqual(there - said, set())


class Rest(unittest.TestCase):
    def test_trace_classes(self):
        block = re.search(r"#define LOG_TRACE_CLASSES\(X\)(.*?[^\\])\n", read("src", "lib", "log.h"), re.S).group(1)
        page = read("doc", "chatd.8")
        said = re.search(r"Trace classes, for(.*?)^\.El", page, re.M | re.S).group(1)
        self.assertEqual(re.findall(r"X\((\w+)\)", block) + ["all"], re.findall(r"^\.It Cm (\w+)", said, re.M))

    def test_no_machine_paths(self):
        for name in ("README.md", "CONTRIBUTING.md", "doc/chat.1", "doc/chatd.8", "doc/chatctl.8", "doc/chatd.conf.5",
                     "doc/architecture.md", "etc/chatd.conf.in"):
            self.assertNotRegex(read(name), r"/work/|/home/[a-z]|/root/", name)

    def test_readme_names_what_exists(self):
        for path in re.findall(r"`((?:src|tests|doc|bench|init|etc)/[\w./]+)`", read("README.md") +
                               read("CONTRIBUTING.md") + read("doc", "architecture.md")):
            self.assertTrue(os.path.exists(os.path.join(TOP, path)), path)
        commands = re.findall(r'^CTL_CMD\(\w+, "([a-z]+)', read("src", "ipc", "ctl_cmds.def"), re.M)
        # After ./quickstart there is a build/ already.
        self.assertNotRegex(read("README.md"), r"mkdir (-p )?build\b(?!-)")
        for word in re.findall(r"^    chatctl (\w+)", read("README.md"), re.M):
            self.assertIn(word, commands)


class NamedTests(unittest.TestCase):
    """Pages that have tests beside what they say: test_x.Class.test_y of tests/system, "test_x: words" of tests/browser,
    check_x.name of tests/unit."""

    def there(self):
        found = set()
        for name in os.listdir(os.path.join(TOP, "tests", "system")):
            if re.fullmatch(r"test_\w+\.py", name):
                kind = None
                for line in read("tests", "system", name).split("\n"):
                    m = re.match(r"class (\w+)|    def (test_\w+)", line)
                    if m and m.group(1):
                        kind = m.group(1)
                    elif m:
                        found.add("%s.%s.%s" % (name[:-3], kind, m.group(2)))
        for name in os.listdir(os.path.join(TOP, "tests", "browser")):
            if re.fullmatch(r"test_\w+\.mjs", name):
                table = read("tests", "browser", name).partition("export const tests")[2]
                found.update("%s: %s" % (name[:-4], words) for words in re.findall(r'^\t"(.*?)":', table, re.M))
        for name in os.listdir(os.path.join(TOP, "tests", "unit")):
            if re.fullmatch(r"check_\w+\.c", name):
                found.update("%s.%s" % (name[:-2], test) for test in re.findall(r"^START_TEST\((\w+)\)", read("tests", "unit", name), re.M))
        return found

    @staticmethod
    def named(text):
        return re.findall(r"test_\w+\.[A-Z]\w+\.test_\w+|test_\w+: [^|;\n]*[^|;\s]|check_\w+\.\w+", text)

    def test_behaviours(self):
        page = read("doc", "behaviours.md")
        named = self.named(page[page.index("## Where"):])
        self.assertGreater(len(named), 100)
        self.assertEqual(sorted(set(named) - self.there()), [])

    def test_bad_input(self):
        """Every row of doc/bad-input.md has a test, and all of these are there."""
        there = self.there()
        rows = [l for l in read("doc", "bad-input.md").split("\n") if l.startswith("|") and not re.match(r"\| *(---|What is sent)", l)]
        self.assertGreater(len(rows), 3)
        for row in rows:
            with self.subTest(row):
                cells = [c.strip() for c in re.split(r"(?<!\\)\|", row)[1:-1]]
                self.assertEqual(len(cells), 3)
                self.assertTrue(self.named(cells[2]), "no test")
                self.assertEqual(sorted(set(self.named(cells[2])) - there), [])


if __name__ == "__main__":
    unittest.main(argv=[sys.argv[0], "-v"] + sys.argv[1:])
