#!/usr/bin/env python3
"""What IRC clients send by themselves, and in which order: HexChat, irssi, mIRC, WeeChat, phones. All of it is answered
in a way that they understand."""

import re
import select
import time

from harness import Closed, limit, main
from irc import IrcCase
from test_chatctl import Running


class Habits(IrcCase):
    def test_irssi_begins(self):
        """It asks for capabilities, sends a JOIN that must be refused to learn that no CAP is coming, and says who it is last."""
        c = self.irc_raw()
        c.send("CAP LS 302", "JOIN :")
        self.assertTrue(c.expect("CAP", "*", "LS").params[-1])
        self.assertEqual(c.expect("451").params[0], "*")
        c.send("CAP REQ :multi-prefix extended-join away-notify server-time")
        c.expect("CAP", "*", "ACK", re.compile("^multi-prefix extended-join away-notify server-time *$"))
        nick = self.fresh("ann")
        c.send("CAP END", "NICK " + nick, "USER ann ann 127.0.0.1 :Ann")
        c.expect("001", nick)

    def test_nick_is_taken(self):
        """mIRC tries another one; nothing else has to be sent again."""
        other = self.irc("carl")
        c = self.irc_raw()
        c.send("CAP LS 302", "NICK " + other.nick, "USER carl \"\" \"127.0.0.1\" :khaled")
        self.assertEqual(c.expect("433").params[:2], ["*", other.nick])
        c.send("CAP END", "NICK %s_" % other.nick)
        c.expect("001", other.nick + "_")

    def test_words_of_other_servers(self):
        """Clients that try something are told that it is not there, and go on."""
        c = self.irc()
        for line in ("PROTOCTL NAMESX UHNAMES", "WATCH +a", "PALAVER IDENTIFY 1", "USERIP " + c.nick, "SILENCE", "MAP", "WHOX"):
            got = c.answers(line)
            self.assertEqual([m.command for m in got], ["421"], line)
            self.assertEqual(got[0].params[:2], [c.nick, line.split()[0]])
        self.assertEqual([m.command for m in c.answers("MODE %s +iwx" % c.nick)], ["501", "MODE"])

    def test_after_a_join(self):
        """HexChat's, irssi's and WeeChat's questions about a channel that they have entered."""
        op, c = self.irc("op"), self.irc("c")
        chan = self.channel(op, c)
        op.send("MODE %s +b *!*@elsewhere" % chan)
        op.sync()
        self.assertEqual([m.command for m in c.answers("MODE " + chan)], ["324", "329"])
        for line in ("MODE %s b", "MODE %s +b", "MODE %s -b"):
            got = c.answers(line % chan)
            self.assertEqual([m.command for m in got], ["367", "368"], line)
            self.assertEqual(got[0].params[:4], [c.nick, chan, "*!*@elsewhere", op.nick])
        self.assertEqual([m.command for m in c.answers("WHO " + chan)], ["352", "352", "315"])
        got = c.answers("WHO %s %%chtsunfra,152" % chan)
        self.assertEqual([m.params for m in got], [
            [c.nick, "152", chan, "user", "127.0.0.1", "chat.test", op.nick, "H@", "0", "Real Name"],
            [c.nick, "152", chan, "user", "127.0.0.1", "chat.test", c.nick, "H", "0", "Real Name"],
            [c.nick, chan, got[-1].params[-1]]])
        self.assertEqual([m.params[-1] for m in c.answers("USERHOST " + c.nick)], ["%s=+user@127.0.0.1" % c.nick])

    def test_polls(self):
        a, b = self.irc("a"), self.irc("b")
        for line in ("ISON %s zed %s", "ISON :%s zed %s"):
            self.assertEqual([m.params[1].split() for m in a.answers(line % (a.nick, b.nick))], [[a.nick, b.nick]])
        a.send("PING LAG1795278621", "PING :LAG 2", "PING chat.test")
        for token in ("LAG1795278621", "LAG 2", "chat.test"):
            a.expect("PONG", "chat.test", token)
        self.assertEqual([m.params[1:2] for m in a.answers("NAMES")], [["*"]])
        a.send("PONG", "PONG chat.test")
        self.assertEqual(a.answers("NICK " + a.nick), [])
        self.assertEqual([m.params for m in a.answers("NICK " + a.nick.upper())], [[a.nick.upper()]])

    def test_many_channels_at_once(self):
        """What a client that comes back sends first."""
        c = self.irc()
        chans = ["#" + self.fresh("room") for _ in range(20)]
        c.send("JOIN " + ",".join(chans[:10]), "JOIN %s key,,,x" % ",".join(chans[10:]))
        for chan in chans:
            c.expect("JOIN", chan)
            c.expect("366", c.nick, chan)
        self.assertEqual(c.answers("JOIN " + ",".join(chans)), [])

    def test_errors_name_the_channel(self):
        op, c = self.irc("op"), self.irc("c")
        chan = self.channel(op, c)
        for line, number in (("KICK %s %s" % (chan, op.nick), "482"), ("MODE %s +t" % chan, "482")):
            got = c.answers(line)
            self.assertEqual([m.command for m in got], [number])
            self.assertEqual(got[0].params[1], chan)
            self.assertRegex(got[0].params[-1], "(^| )%s( |$)" % chan)

    def test_the_admin_talks_with_somebody(self):
        """It comes from the server's name, and what is said to that comes back."""
        c, e = self.irc("c"), self.irc("e", caps=("echo-message",))
        for who in (c, e):
            chat = Running(self, "chat", who.nick)
            chat.expect("connected")
            chat.send("is all well?")
            self.assertEqual(who.expect("PRIVMSG", who.nick, "is all well?").source, "chat.test")
            who.send("PRIVMSG chat.test :it is")
            chat.expect("%s: it is" % who.nick)
        e.expect("PRIVMSG", "chat.test", "it is")

    def test_polling_is_no_sign_of_life(self):
        d = self.daemon({"limits": {"idle": 1}})
        c, end = self.irc(d=d), time.monotonic() + limit()
        with self.assertRaises((Closed, OSError)):
            while time.monotonic() < end:
                for line, answer in (("PING LAG", "PONG"), ("ISON x", "303"), ("WHO " + c.nick, "315"), ("USERHOST x", "302")):
                    c.ask(line, answer)
                select.select([c.sock], [], [], 0.05)
        self.assertEqual(d.stats()['dropped_total{reason="idle"}'], 1)


if __name__ == "__main__":
    main()
