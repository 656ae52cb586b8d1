#!/usr/bin/env python3
"""IRC: commands whose answers a store has, while there is none. Their forms are checked, and they say that they cannot:
REGISTER, VERIFY (draft/account-registration), CHATHISTORY, MARKREAD (draft/read-marker), AUTHENTICATE."""

from harness import main
from irc import IrcCase


class NoStore(IrcCase):
    config = dict(IrcCase.config, store={"enabled": False})

    def refused(self, c, line, *params):
        """One FAIL with these params, the text not counted."""
        got = c.answers(line)
        self.assertEqual([(m.command, m.params[:-1]) for m in got], [("FAIL", list(params))], line)

    def test_register(self):
        alice = self.irc("alice")
        self.refused(alice, "REGISTER", "REGISTER", "NEED_MORE_PARAMS")
        self.refused(alice, "REGISTER *", "REGISTER", "NEED_MORE_PARAMS")
        self.refused(alice, "REGISTER * secret", "REGISTER", "NEED_MORE_PARAMS")
        self.refused(alice, "REGISTER * * secret", "REGISTER", "TEMPORARILY_UNAVAILABLE", alice.nick)
        self.refused(alice, "REGISTER ada ada@example.org :a secret", "REGISTER", "TEMPORARILY_UNAVAILABLE", "ada")
        self.refused(alice, "VERIFY ada", "VERIFY", "NEED_MORE_PARAMS")
        self.refused(alice, "VERIFY ada 1234", "VERIFY", "TEMPORARILY_UNAVAILABLE", "ada")

    def test_register_before_the_login(self):
        c = self.irc_raw()
        c.ask("REGISTER * * secret", "FAIL", "REGISTER", "TEMPORARILY_UNAVAILABLE", "*")
        c.ask("VERIFY ada 1234", "FAIL", "VERIFY", "TEMPORARILY_UNAVAILABLE", "ada")
        c.ask("CHATHISTORY LATEST x * 10", "451")
        c.ask("MARKREAD x", "451")

    def test_help(self):
        """It does not speak of what is not there."""
        names = {w for m in self.irc("alice").answers("HELP") for w in m.params[-1].split()}
        self.assertIn("PRIVMSG", names)
        self.assertFalse(names & {"CHATHISTORY", "CHANSERV", "MARKREAD", "NICKSERV", "REGISTER", "SEARCH", "VERIFY"})

    def test_chathistory(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        stamp, msgid = "timestamp=2026-01-02T03:04:05.678Z", "msgid=0000g000000s5"
        for line, params in (
                ("", ["NEED_MORE_PARAMS", "*"]),
                ("LATEST", ["NEED_MORE_PARAMS", "LATEST"]),
                ("LATEST %s *" % chan, ["NEED_MORE_PARAMS", "LATEST"]),
                ("BETWEEN %s %s 10" % (chan, msgid), ["NEED_MORE_PARAMS", "BETWEEN"]),
                ("NONSENSE %s * 10" % chan, ["INVALID_PARAMS", "NONSENSE"]),
                ("LATEST %s nonsense 10" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("LATEST %s msgid= 10" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("LATEST %s msgid=abc 10" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("LATEST %s timestamp=yesterday 10" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("LATEST %s * many" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("LATEST %s * -1" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("BEFORE %s * 10" % chan, ["INVALID_PARAMS", "BEFORE"]),
                ("LATEST %s * 10" % chan, ["MESSAGE_ERROR", "LATEST", chan]),
                ("latest %s %s 10" % (chan, msgid), ["MESSAGE_ERROR", "latest", chan]),
                ("BEFORE %s %s 10" % (chan, stamp), ["MESSAGE_ERROR", "BEFORE", chan]),
                ("AFTER %s %s 10" % (chan, msgid), ["MESSAGE_ERROR", "AFTER", chan]),
                ("AROUND %s %s 10" % (chan, msgid), ["MESSAGE_ERROR", "AROUND", chan]),
                ("BETWEEN %s %s %s 10" % (chan, msgid, stamp), ["MESSAGE_ERROR", "BETWEEN", chan]),
                ("TARGETS %s %s 10" % (stamp, stamp), ["MESSAGE_ERROR", "TARGETS", stamp])):
            self.refused(alice, "CHATHISTORY " + line, "CHATHISTORY", *params)

    def test_markread(self):
        alice = self.irc("alice")
        chan = self.channel(alice)
        self.refused(alice, "MARKREAD", "MARKREAD", "NEED_MORE_PARAMS")
        self.refused(alice, "MARKREAD %s *" % chan, "MARKREAD", "INVALID_PARAMS", "*")
        self.refused(alice, "MARKREAD %s 2026" % chan, "MARKREAD", "INVALID_PARAMS", "2026")
        self.refused(alice, "MARKREAD %s timestamp=2026" % chan, "MARKREAD", "INVALID_PARAMS", "timestamp=2026")
        self.refused(alice, "MARKREAD " + chan, "MARKREAD", "INTERNAL_ERROR", chan)
        self.refused(alice, "MARKREAD %s timestamp=2026-01-02T03:04:05.678Z" % chan, "MARKREAD", "INTERNAL_ERROR", chan)

    def test_authenticate(self):
        c = self.irc_raw()
        for line, wanted in (("AUTHENTICATE PLAIN", ["908", "904"]), ("AUTHENTICATE plain", ["908", "904"]), ("AUTHENTICATE +", ["908", "904"]),
                             ("AUTHENTICATE " + "A" * 400, ["908", "904"]), ("AUTHENTICATE " + "A" * 401, ["905"]),
                             ("AUTHENTICATE *", ["906"]), ("AUTHENTICATE", ["461"])):
            self.assertEqual(self.commands(c.answers(line)), wanted, line)
        self.assertEqual(c.ask("AUTHENTICATE PLAIN", "908").params[:2], ["*", "*"])

    def test_services(self):
        alice = self.irc("alice")
        for line in ("NS REGISTER password", "PRIVMSG NickServ :IDENTIFY password", "CS REGISTER #x"):
            got = alice.answers(line)
            self.assertEqual([(m.command, m.params[-1]) for m in got], [("NOTICE", "Accounts are not available.")])
        self.assertGreater(len(alice.answers("NS HELP")), 5)

    def test_labels(self):
        """Each is one line, with the label."""
        alice = self.irc("alice", caps=("labeled-response", "batch", "standard-replies"))
        for line in ("REGISTER * * secret", "VERIFY a b", "CHATHISTORY LATEST x * 10", "MARKREAD x"):
            got = alice.answers("@label=x " + line)
            self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("FAIL", "x")], line)

    def test_not_offered(self):
        """What cannot be done is not promised."""
        c = self.irc_raw()
        self.assertFalse(set(c.offered()) & {"sasl", "draft/account-registration", "draft/chathistory", "draft/event-playback", "draft/read-marker"})
        c.send("CAP END")
        self.assertFalse({"CHATHISTORY", "MSGREFTYPES"} & set(self.irc("alice").isupport))

    def test_secrets_are_not_logged(self):
        alice = self.irc("alice")
        alice.answers("REGISTER * * tip-of-the-iceberg")
        alice.answers("AUTHENTICATE dGlwLW9mLXRoZS1pY2ViZXJn")
        self.assertNotIn("iceberg", self.d.tail(10000))
        self.assertNotIn("dGlwLW9", self.d.tail(10000))


if __name__ == "__main__":
    main()
