#!/usr/bin/env python3
"""Nothing is sent that was not negotiated: what clients with no capability, and with each one alone, are sent of a room in which
everything happens that can. From RFC 1459, RFC 2812 and the IRCv3 specifications of each capability."""

import re

from harness import main
from irc import IrcCase

ALL = ("account-notify", "account-tag", "away-notify", "batch", "chghost", "echo-message", "extended-join", "extended-monitor",
       "invite-notify", "labeled-response", "message-tags", "multi-prefix", "server-time", "setname", "standard-replies",
       "userhost-in-names", "draft/multiline", "draft/message-redaction", "draft/channel-rename", "draft/metadata-3")

# What a client without capabilities may be sent of what others do, and how many parameters each has at most.
PLAIN = {"PRIVMSG": 2, "NOTICE": 2, "JOIN": 1, "PART": 2, "QUIT": 1, "NICK": 1, "TOPIC": 2, "MODE": 15, "KICK": 3, "INVITE": 2,
         "WALLOPS": 1, "353": 4, "366": 3, "332": 3, "333": 4}

# Capabilities asked for -> tags and commands (with their most parameters) beyond the plain ones, that must come, too.
CLIENT_TAGS = {"+x", "+typing", "+draft/reply", "+vendor.example/x"}
MORE = (
    (("server-time",), {"time"}, {}),
    (("account-tag",), set(), {}),
    (("message-tags",), {"msgid", "bot"} | CLIENT_TAGS, {"TAGMSG": 1}),
    (("message-tags", "server-time", "batch", "labeled-response"), {"msgid", "bot", "time"} | CLIENT_TAGS, {"TAGMSG": 1}),
    (("batch",), set(), {}),
    (("draft/multiline",), set(), {}),
    (("draft/multiline", "batch"), {"batch", "draft/multiline-concat"}, {"BATCH": 3}),
    (("labeled-response", "batch"), set(), {}),
    (("echo-message",), set(), {}),
    (("away-notify",), set(), {"AWAY": 1}),
    (("setname",), set(), {"SETNAME": 1}),
    (("chghost",), set(), {"CHGHOST": 2}),
    (("account-notify",), set(), {}),
    (("invite-notify",), set(), {}),
    (("extended-join",), set(), {"JOIN": 3}),
    (("extended-monitor",), set(), {}),
    (("multi-prefix",), set(), {}),
    (("userhost-in-names",), set(), {}),
    (("standard-replies",), set(), {}),
    (("draft/message-redaction",), set(), {"REDACT": 3}),
    (("draft/channel-rename",), set(), {"RENAME": 3}),
    (("draft/metadata-2", "batch"), set(), {}),
    (("draft/metadata-3", "batch"), set(), {}),
    (("no-implicit-names",), set(), {}),
    (("draft/no-implicit-names",), set(), {}),
)


class Plain(IrcCase):
    config = dict(IrcCase.config, limits={"line_rate": 0})

    def busy(self, a, room):
        """Everything that can happen in it, by its operator and others that can do all."""
        b, t = self.irc("b", ALL), self.client("t")
        b.ask("JOIN " + room, "366")
        t.send("/join " + room[1:])
        a.expect("JOIN", room)
        a.ask("MODE %s +B" % a.nick, "MODE", a.nick)
        say = "PRIVMSG %s :" % room
        a.send("@+typing=active;+draft/reply=abc;+vendor.example/x=y;other=1;label=1 " + say + "tags",
               "@+typing=done;label=2 TAGMSG " + room, "NOTICE %s :note" % room, say + "\x01ACTION waves\x01",
               say + "\x01VERSION\x01", say + "\x02bold \x0304,05red\x0f", say + "ö" * 220, say + ":)",
               "PRIVMSG +%s :to some" % room, "@+x=y;label=3 BATCH +1 draft/multiline " + room,
               "@batch=1 " + say + "one", "@batch=1 " + say, "@batch=1 " + say + "two ",
               "@batch=1;draft/multiline-concat " + say + "and more", "BATCH -1",
               "TOPIC %s :about this" % room, "TOPIC %s :" % room, "AWAY :tea", "AWAY", "SETNAME :Another Name",
               "MODE %s +ov %s %s" % (room, b.nick, b.nick), "MODE %s +hb-v %s *!*@bad.example %s" % (room, b.nick, b.nick),
               "MODE %s +ntlk 100 key" % room, "MODE %s -k key" % room,
               "METADATA %s SET display-name :Thing" % room, "METADATA * SET display-name :Me")
        other = self.irc("o", ALL)
        a.send("INVITE %s %s" % (other.nick, room))
        other.expect("INVITE", None, room)
        self.d.ctl("host", a.nick, "hidden.example")
        a.expect("CHGHOST", None, "hidden.example")
        t.send("/paste", "first", "", "third", ".")
        t.send(" ".join("wört%03d" % i for i in range(150)))
        msgid = b.expect("PRIVMSG", room, "tags").tags["msgid"]
        a.send("REDACT %s %s :typo" % (room, msgid))
        b.expect("REDACT")
        self.d.ctl("say", room[1:], "words of the server")
        t.send("/nick %s_" % t.name, "/leave")
        b.send("NICK %s_" % b.nick)
        b.expect("NICK")
        b.ask("PART %s :bye" % room, "PART", room)
        b.ask("JOIN " + room, "366")
        a.send("KICK %s %s_ :out" % (room, b.nick))
        b.expect("KICK")
        b.ask("JOIN " + room, "366")
        b.send("QUIT :gone")
        b.expect_eof()
        a.send("RENAME %s %s-2 :bigger" % (room, room))
        a.expect("RENAME")
        a.send("PRIVMSG %s-2 :last" % room)
        a.sync()
        self.assertEqual([m for m in a.seen if m.command == "FAIL" and m.params[0] != "METADATA"], [])

    def test_each_capability_alone(self):
        a = self.irc("a", ALL)
        room = self.channel(a, stem="busy")
        sets = (((), set(), {}),) + MORE
        clients = []
        for caps, tags, commands in sets:
            c = self.irc("p", caps)
            c.ask("JOIN " + room, "JOIN", room)
            clients.append(c)
        for c in clients:
            c.sync()
            c.seen.clear()
        self.busy(a, room)
        for (caps, tags, commands), c in zip(sets, clients):
            c.sync()
            self.check(c, room, caps, tags, commands)

    def test_what_it_asks_for_by_itself(self):
        """Who has negotiated nothing, and uses what would have had to be, is told so in numerics."""
        c, other = self.irc("c"), self.irc("o", ALL)
        room = self.channel(c, other)
        msgid = None
        for tags in ("", "@label=1;+typing=active;batch=1;msgid=x "):
            other.send("PRIVMSG %s :something" % room)
            msgid = other.expect("PRIVMSG", room).tags["msgid"]
            c.expect("PRIVMSG", room)
            for line, want in (("PRIVMSG %s :x" % room, []), ("PRIVMSG %s :x" % c.nick, ["PRIVMSG"]), ("NOTICE %s :x" % c.nick, ["NOTICE"]),
                               ("TAGMSG " + room, ["421"]), ("TAGMSG " + c.nick, ["421"]), ("BATCH +1 draft/multiline " + room, ["421"]),
                               ("BATCH -1", ["421"]), ("REDACT %s %s" % (room, msgid), ["421"]), ("AWAY :tea", ["306"]), ("AWAY", ["305"]),
                               ("PRIVMSG nobody-here :x", ["401"]), ("NOSUCH", ["421"]), ("TOPIC %s :t%d" % (room, len(tags)), ["TOPIC"]),
                               ("WHO " + room, ["352", "352", "315"]), ("NAMES " + room, ["353", "366"])):
                got = c.answers(tags + line)
                self.assertEqual(self.commands(got), want, line)
                self.assertEqual([m.tags for m in got], [{}] * len(got), line)

    def check(self, c, room, caps, tags, commands):
        said = [m.params[1] for m in c.seen if m.command in ("PRIVMSG", "NOTICE")]
        self.assertEqual(said[-1], "last", caps)
        self.assertEqual(set().union(*(m.tags for m in c.seen)), tags, caps)
        got = {m.command for m in c.seen} - {"PONG"}
        self.assertLessEqual(got - set(commands), set(PLAIN), caps)
        self.assertLessEqual(set(commands), got, caps)
        for m in c.seen:
            if m.command == "PONG":
                continue
            most = max(PLAIN.get(m.command, 0), commands.get(m.command, 0))
            self.assertLessEqual(len(m.params), most, m.line)
            self.assertLessEqual(len(m.line.encode()) if not m.tags else len(m.line.partition(" ")[2].encode()), 510)
            self.assertNotRegex(m.line, "[\0\r\n\v]")
            if m.command in ("PRIVMSG", "NOTICE", "TAGMSG", "TOPIC", "KICK", "PART"):
                self.assertIn(m.params[0].lstrip("+@%"), (room, room + "-2"), m.line)
            if m.command in ("PRIVMSG", "NOTICE") and "batch" not in m.tags:
                self.assertNotEqual(m.params[1], "", m.line)
            if m.command == "353":
                names = m.params[-1].split()
                self.assertTrue("userhost-in-names" in caps or not any("!" in n for n in names), m.line)
                self.assertTrue("multi-prefix" in caps or not any(re.match("[@%+]{2}", n) for n in names), m.line)
            if m.command == "INVITE":
                self.assertTrue("invite-notify" in caps, m.line)
        if "draft/channel-rename" in caps:
            self.assertNotIn("PART", [m.command for m in c.seen if m.nick == c.nick])
        else:
            moved = [m for m in c.seen if m.nick == c.nick]
            self.assertEqual([(m.command, m.params[0]) for m in moved], [("PART", room), ("JOIN", room + "-2")], caps)
            self.assertEqual("353" in got, not {"no-implicit-names", "draft/no-implicit-names"} & set(caps))
        self.assertEqual("INVITE" in got, "invite-notify" in caps, caps)


if __name__ == "__main__":
    main()
