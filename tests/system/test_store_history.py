#!/usr/bin/env python3
"""What was said before, in both tongues: CHATHISTORY, MARKREAD, SEARCH, replay on join; /history, /search, /edit, /delete,
/unread; messages kept for the absent. Written from the specifications (draft/chathistory, draft/event-playback,
draft/read-marker, soju's search)."""

import datetime
import os
import shutil
import signal
import unittest

from harness import build, eventually, main
from irc import PASSWORD, AccountCase
from test_irc_clients import WeeChat

CAPS = ("batch", "message-tags", "server-time", "echo-message", "labeled-response", "draft/chathistory")
EVENTS = CAPS + ("draft/event-playback",)


class HistoryCase(AccountCase):
    passwords = False
    config = dict(AccountCase.config, history={"replay": 10})

    def account(self, stem, caps=CAPS):
        """A client that is logged in to an account of its own name."""
        c = self.registered(stem, caps=caps)
        c.sync()
        return c

    def again(self, c, caps=CAPS):
        """One more client for the account of c."""
        return self.logged_in(c.nick, ("sasl",) + tuple(caps), c.nick)

    @staticmethod
    def log_in(t, name):
        """By telnet; what comes of it is the caller's to look at."""
        t.ask("/login " + name, "assword")
        t.send(PASSWORD)

    @staticmethod
    def gone(c, other):
        """c quits; that is so when other cannot see it any more."""
        c.send("QUIT")
        c.expect_eof()
        eventually(c.nick + " is gone", lambda: not [m for m in other.answers("ISON " + c.nick) if c.nick in m.params[-1].split()])

    def batch(self, got, kind):
        """The lines of the batch of that kind in got, which has nothing else but batches within it."""
        self.assertTrue(got[0].is_("BATCH", None, kind), got)
        ref = got[0].params[0][1:]
        self.assertTrue(got[-1].is_("BATCH", "-" + ref), got)
        self.assertTrue(all("batch" in m.tags for m in got[1:-1] if not m.is_("BATCH") or m.params[0][0] == "+"), got)
        return got[1:-1]

    def history(self, c, line, kind="chathistory"):
        return self.batch(c.answers("CHATHISTORY " + line), kind)

    def failed(self, c, line, *params):
        got = c.answers(line)
        self.assertEqual([(m.command, m.params[:-1]) for m in got], [("FAIL", list(params))], line)

    def say(self, c, target, *texts):
        """Messages with different times; what they look like to c, who has echo-message."""
        out = []
        for text in texts:
            if out:
                eventually("the clock moves", lambda: c.ask("PING x", "PONG") and self.now() > out[-1].tags["time"])
            out.append(c.ask("PRIVMSG %s :%s" % (target, text), "PRIVMSG", target, text))
        return out

    @staticmethod
    def now():
        return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"

    @staticmethod
    def words(messages):
        return [m.params[-1] for m in messages]


class Form(HistoryCase):
    """What does not need an answer from the store."""

    def test_told(self):
        alice = self.irc("alice", CAPS)
        self.assertEqual(alice.isupport["CHATHISTORY"], "500")
        self.assertEqual(alice.isupport["MSGREFTYPES"], "msgid,timestamp")

    def test_search_is_negotiated(self):
        alice = self.irc("alice")
        alice.ask("SEARCH text=x", "421", alice.nick, "SEARCH")
        alice = self.irc("alice", ("soju.im/search",))
        alice.ask("SEARCH", "FAIL", "SEARCH", "NEED_MORE_PARAMS")
        alice.ask("SEARCH from=", "FAIL", "SEARCH", "INVALID_PARAMS")
        alice.ask("SEARCH text=x;after=yesterday", "FAIL", "SEARCH", "INVALID_PARAMS")
        alice.ask("SEARCH text=x;limit=many", "FAIL", "SEARCH", "INVALID_PARAMS")

    def test_commands_in_telnet(self):
        alice = self.client("alice")
        for line, answer in (("/history 5 sometimes", 'What is "sometimes"'), ("/history before", 'What is "before"'),
                             ("/history 0", 'What is "0"'), ("/history before 2026-01-31 25:99", 'What is "25:99"'),
                             ("/history before 25:99", 'What is "25:99"'), ("/delete 9:99", "Which message"),
                             ("/more", "There is nothing to go on with"), ("/edit", "Usage: /edit"),
                             ("/search in:", '"in:"')):
            alice.send(line)
            alice.expect(answer)
        alice.send("/edit @bob words")
        alice.expect("Which message")
        alice.send("/edit 1-99999999 words")
        alice.expect("Sorry, that message is not known")

    def test_parameters(self):
        alice = self.irc("alice", CAPS)
        chan = self.channel(alice)
        stamp, msgid = "timestamp=2026-01-02T03:04:05.678Z", "msgid=0000g000000s5"
        for line, params in (
                ("", ["NEED_MORE_PARAMS", "*"]),
                ("LATEST %s *" % chan, ["NEED_MORE_PARAMS", "LATEST"]),
                ("BETWEEN %s %s 10" % (chan, msgid), ["NEED_MORE_PARAMS", "BETWEEN"]),
                ("NONSENSE %s * 10" % chan, ["INVALID_PARAMS", "NONSENSE"]),
                ("LATEST %s msgid=abc 10" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("LATEST %s * many" % chan, ["INVALID_PARAMS", "LATEST"]),
                ("BEFORE %s * 10" % chan, ["INVALID_PARAMS", "BEFORE"]),
                ("TARGETS %s %s 10" % (msgid, stamp), ["INVALID_PARAMS", "TARGETS"]),
                ("LATEST #nowhere * 10", ["INVALID_TARGET", "LATEST", "#nowhere"]),
                ("latest # * 10", ["INVALID_TARGET", "latest", "#"]),
                ("AFTER nobody %s 10" % stamp, ["INVALID_TARGET", "AFTER", "nobody"])):
            self.failed(alice, "CHATHISTORY " + line, "CHATHISTORY", *params)
        self.assertEqual(self.history(alice, "BEFORE %s %s 10" % (chan, stamp)), [])


class Rooms(HistoryCase):
    def test_subcommands(self):
        """By id and by time, forwards and back; the lines are those that were said, with their tags."""
        a = self.irc("a", CAPS)
        chan = self.channel(a)
        said = self.say(a, chan, *["message %d" % i for i in range(10)])
        said_as = [(m.source, m.params, m.tags["msgid"], m.tags["time"]) for m in said]

        def got(line, *args):
            messages = self.history(a, line % ((chan,) + args))
            return [(m.source, m.params, m.tags["msgid"], m.tags["time"]) for m in messages]

        self.assertEqual(got("LATEST %s * 20"), said_as)
        self.assertEqual(got("LATEST %s * 0"), said_as)
        self.assertEqual(got("LATEST %s * 999999"), said_as)
        self.assertEqual(got("LATEST %s * 3"), said_as[-3:])
        for ref in (lambda i: "msgid=" + said[i].tags["msgid"], lambda i: "timestamp=" + said[i].tags["time"]):
            self.assertEqual(got("LATEST %s %s 20", ref(4)), said_as[5:])
            self.assertEqual(got("LATEST %s %s 2", ref(4)), said_as[8:])
            self.assertEqual(got("BEFORE %s %s 20", ref(6)), said_as[:6])
            self.assertEqual(got("BEFORE %s %s 2", ref(6)), said_as[4:6])
            self.assertEqual(got("AFTER %s %s 20", ref(3)), said_as[4:])
            self.assertEqual(got("AFTER %s %s 3", ref(3)), said_as[4:7])
            self.assertEqual(got("BETWEEN %s %s %s 20", ref(0), ref(9)), said_as[1:9])
            self.assertEqual(got("BETWEEN %s %s %s 20", ref(9), ref(0)), said_as[1:9])
            self.assertEqual(got("BETWEEN %s %s %s 3", ref(0), ref(9)), said_as[1:4])
            self.assertEqual(got("BETWEEN %s %s %s 3", ref(9), ref(0)), said_as[6:9])
            self.assertIn(said_as[7], got("AROUND %s %s 3", ref(7)))
        for one, other in (("msgid", "time"), ("time", "msgid")):
            def between(i, j, limit):
                refs = [("msgid=" if tag == "msgid" else "timestamp=") + said[n].tags[tag] for n, tag in ((i, one), (j, other))]
                return got("BETWEEN %%s %%s %%s %d" % limit, *refs)
            self.assertEqual(between(0, 9, 20), said_as[1:9])
            self.assertEqual(between(9, 0, 20), said_as[1:9])
            self.assertEqual(between(0, 9, 3), said_as[1:4])
            self.assertEqual(between(9, 0, 3), said_as[6:9])
            self.assertEqual(between(4, 4, 3), [])
        for zero in ("timestamp=1970-01-01T00:00:00.000Z", "msgid=0000000000000"):  # nothing is before it
            self.assertEqual(got("BEFORE %s %s 20", zero), [])
            self.assertEqual(got("BETWEEN %s %s %s 20", zero, zero), [])
            self.assertEqual(got("BETWEEN %s %s %s 2", zero, "msgid=" + said[9].tags["msgid"]), said_as[:2])
            self.assertEqual(got("BETWEEN %s %s %s 2", "msgid=" + said[9].tags["msgid"], zero), said_as[7:9])
            self.assertEqual(got("AFTER %s %s 2", zero), said_as[:2])
        self.assertEqual(got("AROUND %s %s 1", "msgid=" + said[7].tags["msgid"]), said_as[7:8])
        self.assertEqual(got("AROUND %s %s 3", "msgid=" + said[7].tags["msgid"]), said_as[6:9])

    def test_labels_and_clients_without_batches(self):
        a = self.irc("a", CAPS)
        chan = self.channel(a)
        self.say(a, chan, "one", "two")
        got = a.answers("@label=x CHATHISTORY LATEST %s * 2" % chan)
        self.assertEqual([m.tags.get("label") for m in got], ["x", None, None, None])
        self.assertEqual(self.words(self.batch(got, "chathistory")), ["one", "two"])
        got = a.answers("@label=y CHATHISTORY LATEST #nowhere * 2")
        self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("FAIL", "y")])
        plain = self.irc("plain", ("draft/chathistory",))
        plain.ask("JOIN " + chan, "366")
        got = plain.answers("CHATHISTORY LATEST %s * 2" % chan)
        self.assertEqual([(m.command, m.params, m.tags) for m in got], [("PRIVMSG", [chan, w], {}) for w in ("one", "two")])

    def test_targets(self):
        a = self.irc("a", CAPS)
        first, second, quiet = self.channel(a), self.channel(a), self.channel(a)
        self.say(a, first, "x")
        last = self.say(a, second, "y")[0]
        got = self.history(a, "TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 10", "draft/chathistory-targets")
        self.assertEqual([m.params[:2] for m in got], [["TARGETS", first], ["TARGETS", second]])
        for bounds, one in ((("2020", "2099"), first), (("2099", "2020"), second)):  # from the first bound on
            line = "TARGETS %s 1" % " ".join("timestamp=%s-01-01T00:00:00.000Z" % y for y in bounds)
            got = self.history(a, line, "draft/chathistory-targets")
            self.assertEqual([m.params[:2] for m in got], [["TARGETS", one]])
        self.assertEqual(got[0].params[2], last.tags["time"])
        # as gamja asks: from now back, a thousand
        got = self.history(a, "TARGETS timestamp=2099-01-01T00:00:00.000Z timestamp=%s 1000" % last.tags["time"], "draft/chathistory-targets")
        self.assertNotIn(quiet, [m.params[1] for m in got])
        for bounds in ("timestamp=2020-01-01T00:00:00.000Z timestamp=2020-01-02T00:00:00.000Z", "timestamp=1970-01-01T00:00:00.000Z timestamp=1970-01-01T00:00:00.000Z"):
            self.assertEqual(self.history(a, "TARGETS %s 10" % bounds, "draft/chathistory-targets"), [])

    def test_as_gamja_asks(self):
        """The web client: what it missed by AFTER, page by page until one is not full; then back by BEFORE; times only."""
        caps = CAPS + ("draft/event-playback", "draft/read-marker", "draft/multiline", "extended-join", "account-tag")
        a = self.irc("a", CAPS)
        chan = self.channel(a)
        said = self.words(self.say(a, chan, *["g%02d" % i for i in range(25)]))
        web = self.irc("web", caps)
        web.ask("JOIN " + chan, "366")
        start, missed = "2020-01-01T00:00:00.000Z", []
        while True:
            got = self.history(web, "AFTER %s timestamp=%s 7" % (chan, start))
            missed += [m for m in got if m.is_("PRIVMSG")]
            if len(got) < 7:
                break
            start = got[-1].tags["time"]
        self.assertEqual(self.words(missed), said)
        end, back = missed[20].tags["time"], []
        while True:
            got = self.history(web, "BEFORE %s timestamp=%s 7" % (chan, end))
            back = [m for m in got if m.is_("PRIVMSG")] + back
            if len(got) < 7:
                break
            end = got[0].tags["time"]
        self.assertEqual(self.words(back), said[:20])

    def test_event_playback(self):
        """Who came and went, topics and modes: for those who asked for it, in their place and with their ids."""
        a, plain = self.irc("a", EVENTS), self.irc("p", CAPS)
        chan = self.channel(a, plain)
        a.ask("TOPIC %s :tea" % chan, "TOPIC")
        a.ask("MODE %s +m" % chan, "MODE")
        b = self.irc("b")
        b.ask("JOIN " + chan, "366")
        join = a.expect("JOIN", chan)
        self.say(a, chan, "hello")
        a.send("KICK %s %s :out" % (chan, b.nick))
        a.expect("KICK", chan)
        got = self.history(a, "AFTER %s msgid=%s 20" % (chan, join.tags["msgid"]))
        self.assertEqual([m.command for m in got], ["PRIVMSG", "KICK"])
        got = self.history(a, "LATEST %s * 20" % chan)
        self.assertEqual([m.command for m in got][-5:], ["TOPIC", "MODE", "JOIN", "PRIVMSG", "KICK"])
        self.assertEqual(got[-3].tags["msgid"], join.tags["msgid"])
        self.assertEqual(len({m.tags["msgid"] for m in got}), len(got))
        self.assertEqual([m.command for m in self.history(plain, "LATEST %s * 20" % chan)], ["PRIVMSG"])

    def test_reasons_as_they_were_written(self):
        """With all that IRC may have in them: underline is also what the store puts between the fields of an event."""
        caps = EVENTS + ("extended-join", "setname", "draft/channel-rename")
        a = self.irc("a", caps)
        chan, under = self.channel(a), "\037this\037 and \002that\002"
        b, c = self.irc("b", caps, real="\037Real\037 B"), self.irc("c", caps)
        live = []
        for other in (b, c):
            other.send("JOIN " + chan)
            live.append(a.expect("JOIN", chan))
        self.assertEqual(live[0].params[-1], "\037Real\037 B")
        a.send("KICK %s %s :%s" % (chan, c.nick, under))
        live.append(a.expect("KICK", chan))
        b.send("QUIT :" + under)
        live.append(a.expect("QUIT"))
        self.assertTrue(all(m.params[-1].endswith(under) for m in live[2:]), live)
        other = "#" + self.fresh("r")
        a.send("RENAME %s %s :%s" % (chan, other, under))
        live.append(a.expect("RENAME", chan, other, under))
        got = self.history(a, "LATEST %s * %d" % (other, len(live)))
        self.assertEqual([(m.command, m.params[1:]) for m in got], [(m.command, m.params[1:]) for m in live])

    def test_tags_alone(self):
        """Are events: for those who asked for such; and do not count where they are not shown."""
        a, plain = self.irc("a", EVENTS), self.irc("p", CAPS)
        chan = self.channel(a, plain)
        first = self.say(a, chan, "tea?")[0].tags["msgid"]
        for tags in ("+draft/react=yes;+draft/reply=" + first, "+typing=active", "+x=y;+draft/persist"):
            a.ask("@%s TAGMSG %s" % (tags, chan), "TAGMSG")
        got = self.history(a, "AFTER %s msgid=%s 10" % (chan, first))
        self.assertEqual([(m.command, m.params) for m in got], [("TAGMSG", [chan])] * 2)
        self.assertEqual((got[0].tags["+draft/react"], got[1].tags["+x"]), ("yes", "y"))
        self.assertEqual(self.words(self.history(plain, "LATEST %s * 1" % chan)), ["tea?"])

    def test_kinds_of_messages(self):
        """NOTICE, ACTION, several lines; tags; those to the operators only."""
        multi = CAPS + ("draft/multiline",)
        a, b = self.irc("a", multi), self.irc("b", multi)
        chan = self.channel(a, b)
        a.send("NOTICE %s :n" % chan, "PRIVMSG %s :\001ACTION waves\001" % chan, "@+x=y PRIVMSG %s :tagged" % chan, "PRIVMSG @%s :ops" % chan,
               "BATCH +1 draft/multiline " + chan, "@batch=1 PRIVMSG %s :l1" % chan, "@batch=1 PRIVMSG %s :l2" % chan, "BATCH -1")
        a.sync()
        got = self.history(a, "LATEST %s * 10" % chan)
        outer = got[0].tags["batch"]
        self.assertEqual([(m.command, m.params) for m in got[:4]],
                         [("NOTICE", [chan, "n"]), ("PRIVMSG", [chan, "\001ACTION waves\001"]), ("PRIVMSG", [chan, "tagged"]),
                          ("PRIVMSG", ["@" + chan, "ops"])])
        self.assertEqual(got[2].tags["+x"], "y")
        self.assertTrue(got[4].is_("BATCH", None, "draft/multiline", chan))
        inner = got[4].params[0][1:]
        self.assertEqual([m.tags.get("batch") for m in got[4:]], [outer, inner, inner, None])
        self.assertEqual([m.params[-1] for m in got[5:7]], ["l1", "l2"])
        # without a rank, and without several lines
        self.assertNotIn("ops", self.words(self.history(b, "LATEST %s * 10" % chan)))
        plain = self.irc("p", CAPS)
        plain.ask("JOIN " + chan, "366")
        self.assertEqual(self.words(self.history(plain, "LATEST %s * 2" % chan))[-2:], ["l1", "l2"])

    def test_answers_of_several_pages(self):
        """More than a frame holds: complete, in order, and others' lines do not wait for it."""
        a = self.irc("a", CAPS)
        chan = self.channel(a)
        texts = ["%03d %s" % (i, "x" * 380) for i in range(300)]
        for at in range(0, len(texts), 50):
            a.send(*["PRIVMSG %s :%s" % (chan, t) for t in texts[at:at + 50]])
            a.sync()
        self.assertEqual(self.words(self.history(a, "LATEST %s * 300" % chan)), texts)
        self.assertEqual(self.words(self.history(a, "LATEST %s * 250" % chan)), texts[-250:])
        first = self.history(a, "LATEST %s * 300" % chan)
        middle = first[260].tags["msgid"]
        self.assertEqual(self.words(self.history(a, "BEFORE %s msgid=%s 220" % (chan, middle))), texts[40:260])
        self.assertEqual(self.words(self.history(a, "AFTER %s msgid=%s 500" % (chan, first[9].tags["msgid"]))), texts[10:])

    def test_who_does_not_read(self):
        """Is answered as fast as it reads, all of it, and nobody else waits."""
        a, b = self.irc("a", CAPS), self.irc("b", CAPS)
        chan = self.channel(a, b)
        a.send(*["PRIVMSG %s :%03d %s" % (chan, i, "x" * 380) for i in range(100)])
        a.sync()
        b.sync()
        b.send(*["CHATHISTORY LATEST %s * 100" % chan] * 200, "PING end")
        for i in range(5):
            a.sync()
        queued = [s["queued"] for s in self.d.json("users") if s["name"] == b.nick]
        self.assertLess(max(queued), 1 << 20)
        got = b.until(lambda m: m.is_("PONG", None, "end"))
        self.assertEqual(len([m for m in got if m.is_("BATCH") and m.params[0][0] == "+"]), 200)
        self.assertEqual(len([m for m in got if m.is_("PRIVMSG")]), 200 * 100)

    def test_search(self):
        caps = CAPS + ("soju.im/search",)
        a, b = self.irc("a", caps), self.irc("b", caps)
        chan, other = self.channel(a, b), self.channel(a)
        self.say(a, chan, "the kettle sings", "nothing")
        at = self.say(b, chan, "a kettle, too")[0].tags["time"]
        self.say(a, other, "secret kettle")

        def got(c, what):
            return self.words(self.batch(c.answers("SEARCH " + what), "soju.im/search"))

        self.assertEqual(got(a, "text=kettle;in=" + chan), ["the kettle sings", "a kettle, too"])
        self.assertEqual(got(a, "text=kettle;in=%s;limit=1" % chan), ["a kettle, too"])
        self.assertEqual(got(a, "text=kettle;from=%s;in=%s" % (b.nick, chan)), ["a kettle, too"])
        self.assertEqual(got(a, "from=%s;in=%s" % (a.nick, chan)), ["the kettle sings", "nothing"])
        self.assertEqual(got(a, "text=kettle;in=%s;after=%s" % (chan, at)), ["a kettle, too"])
        self.assertEqual(got(a, "text=kettle;in=%s;before=%s" % (chan, at)), ["the kettle sings", "a kettle, too"])
        self.assertEqual(got(a, "text=the\\skettle;in=" + chan), ["the kettle sings"])
        self.assertEqual(got(a, "text=kettle"), ["the kettle sings", "a kettle, too", "secret kettle"])
        self.assertEqual(got(b, "text=kettle"), ["the kettle sings", "a kettle, too"])
        self.assertEqual(got(b, "text=samovar"), [])
        for text in ('"\\sOR\\s1=1', "NEAR(", "*", "'", "a\\sAND", "-", "\\\\"):
            got_any = b.answers("SEARCH text=" + text)
            self.assertIn(got_any[0].command, ("BATCH", "FAIL"), text)
        b.ask("SEARCH text=kettle;in=" + other, "FAIL", "SEARCH", "INVALID_PARAMS")


class Privacy(HistoryCase):
    """Nobody reads where they are not, and what is there looks like what is not."""

    def test_rooms_one_is_not_in(self):
        a, b = self.irc("a", CAPS), self.irc("b", CAPS)
        chan, hidden = self.channel(a), self.channel(a)
        a.ask("MODE %s +s" % hidden, "MODE")
        first = self.say(a, chan, "mine")[0]
        self.say(a, hidden, "mine, too")
        b.sync()
        for room in (chan, hidden, "#nowhere"):
            for line in ("LATEST %s * 10", "BEFORE %s msgid=" + first.tags["msgid"] + " 10", "AROUND %s timestamp=" + first.tags["time"] + " 10"):
                self.failed(b, "CHATHISTORY " + line % room, "CHATHISTORY", "INVALID_TARGET", line.split()[0], room)
        self.assertEqual(self.history(b, "TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 10", "draft/chathistory-targets"), [])

    def test_after_leaving(self):
        a = self.irc("a", CAPS)
        for how in ("KICK %s %s", "MODE %s +b %s!*@*", "PART"):
            b = self.irc("b", CAPS)
            chan = self.channel(a, b)
            self.say(a, chan, "here")
            self.assertEqual(len(self.history(b, "LATEST %s * 10" % chan)), 1)
            if how == "PART":
                b.ask("PART " + chan, "PART")
            else:
                a.send(how % (chan, b.nick))
                a.send("KICK %s %s" % (chan, b.nick)) if how[0] == "M" else None
                b.expect("KICK", chan)
            self.failed(b, "CHATHISTORY LATEST %s * 10" % chan, "CHATHISTORY", "INVALID_TARGET", "LATEST", chan)
            t = self.client("t")
            self.assertIn("Sorry, there is no room", t.ask("/history #" + chan[1:], "Sorry.*").group(0))

    def test_ids_of_elsewhere(self):
        """They are a place in the order of all messages, and nothing is told of what is there."""
        a, b = self.irc("a", CAPS), self.irc("b", CAPS)
        mine, theirs = self.channel(b), self.channel(a)
        self.say(b, mine, "before")
        other = self.say(a, theirs, "elsewhere")[0].tags["msgid"]
        self.say(b, mine, "after")
        self.assertEqual(self.words(self.history(b, "BEFORE %s msgid=%s 10" % (mine, other))), ["before"])
        self.assertEqual(self.words(self.history(b, "AFTER %s msgid=%s 10" % (mine, other))), ["after"])
        self.assertNotIn("elsewhere", self.words(self.history(b, "AROUND %s msgid=%s 10" % (mine, other))))

    def test_a_room_made_anew(self):
        a, b = self.irc("a", CAPS), self.irc("b", CAPS)
        chan = self.channel(a)
        self.say(a, chan, "of the first room")
        a.ask("PART " + chan, "PART")
        b.ask("JOIN " + chan, "366")
        self.assertEqual(self.history(b, "LATEST %s * 10" % chan), [])


class Replay(HistoryCase):
    """What who comes into a room is shown, and who is not."""

    def test_irc(self):
        a = self.irc("a", CAPS)
        chan = self.channel(a)
        said = self.say(a, chan, *["m%d" % i for i in range(12)])
        b = self.irc("b", ("server-time", "batch", "message-tags"))
        b.send("JOIN " + chan)
        b.expect("366")
        start = b.expect("BATCH", None, "chathistory", chan)
        got = b.until(lambda m: m.is_("BATCH", "-" + start.params[0][1:]))[:-1]
        self.assertEqual(self.words(got), ["m%d" % i for i in range(2, 12)])
        self.assertEqual([m.tags["time"] for m in got], [m.tags["time"] for m in said[2:]])
        self.assertEqual([m.tags["msgid"] for m in got], [m.tags["msgid"] for m in said[2:]])
        unbatched = self.irc("u", ("server-time",))
        unbatched.send("JOIN " + chan)
        self.assertEqual(unbatched.expect("PRIVMSG", chan).tags["time"], said[2].tags["time"])
        # who cannot be told the time, asks for itself, or is a program
        none, own, bot = self.irc("n"), self.irc("o", CAPS), self.irc("r", ("server-time",))
        bot.ask("MODE %s +B" % bot.nick, "MODE")
        for c in (none, own, bot):
            c.ask("JOIN " + chan, "366")
            a.ask("PRIVMSG %s :for %s" % (chan, c.nick), "PRIVMSG")
            self.assertEqual(c.expect("PRIVMSG", chan).params[-1], "for " + c.nick)

    def test_telnet(self):
        a, t = self.irc("a", CAPS), self.client("t")
        chan = self.channel(a)
        self.say(a, chan, "the first", "and the second")
        t.send("/join " + chan[1:])
        t.expect("^--- Earlier in %s:$" % chan[1:])
        t.expect(r"^\d\d:\d\d %s: the first$" % a.nick)
        t.expect(r"^\d\d:\d\d %s: and the second$" % a.nick)
        t.expect("^--- That was before you came.$")
        empty = self.client("e")
        empty.send("/join %s" % self.fresh("empty"))
        empty.ask("/history", "^---")  # asked for after it, so answered after it
        empty.sync()
        self.assertNotIn("Earlier", empty.seen(50))

    def test_none(self):
        d = self.daemon({"history": {"replay": 0}})
        a, t = self.irc("a", CAPS, d=d), self.client("t", d=d)
        chan = self.channel(a)
        self.say(a, chan, "x")
        t.send("/join " + chan[1:])
        t.expect("You are in")
        t.ask("/history", "x$")
        t.sync()
        self.assertNotIn("Earlier", t.seen(50))


class Telnet(HistoryCase):
    def test_history(self):
        t, a = self.client("t"), self.irc("a", CAPS)
        chan = self.channel(a)
        t.ask("/join " + chan[1:], "You are in")
        self.say(a, chan, *["n%d" % i for i in range(6)])
        t.send("/history 2")
        t.expect(r"^\d\d:\d\d %s: n4$" % a.nick), t.expect("n5$"), t.expect("^--- /more shows what came before that.$")
        t.send("/more")
        t.expect(r"^\d\d:\d\d %s: n2$" % a.nick), t.expect("n3$"), t.expect("^--- /more")
        t.ask("/history 10", "^--- That is all.$")
        t.ask("/history 1 after 2020-01-01", r"^\d\d:\d\d.*n0|^\d\d:\d\d.*entered")
        t.ask("/history before 2020-01-01", "^--- There is nothing more.$")
        t.ask("/history before 2020-01-01 12:30", "^--- There is nothing more.$")
        t.ask("/history #nowhere", "Sorry, there is no room nowhere")
        t.ask("/history 1 after 00:00", r"^\d\d:\d\d")
        t.ask("/search n3", r"^\d\d:\d\d \[%s\] %s: n3|^\d\d:\d\d %s: n3" % (chan[1:], a.nick, a.nick))
        t.ask("/search n3 after:00:00", r"^\d\d:\d\d.*n3")
        t.ask("/search n3 from:%s in:%s" % (t.name, chan[1:]), "Nothing has been found")

    def test_edit_and_delete(self):
        """Own ones, the last or by id; operators in their rooms; shown to all, changed in what is kept."""
        t, a = self.client("t"), self.irc("a", CAPS + ("draft/message-redaction", "soju.im/search"))
        watcher, plain = self.client("w"), self.irc("plain")
        chan = self.channel(a, plain)
        for c in (t, watcher):
            c.ask("/join " + chan[1:], "You are in")
        t.send("teh tea")
        first = a.expect("PRIVMSG", chan, "teh tea").tags["msgid"]
        t.send("/edit the tea")
        t.expect("^%s edited: the tea$" % t.name), watcher.expect("^%s edited: the tea$" % t.name)
        m = a.expect("PRIVMSG", chan, "[edited] the tea")
        self.assertEqual(m.tags["+draft/reply"], first)
        self.assertNotEqual(m.tags["msgid"], first)
        plain.expect("PRIVMSG", chan, "[edited] the tea")
        got = self.history(a, "LATEST %s * 5" % chan)
        self.assertEqual([(m.params[-1], m.tags["msgid"]) for m in got], [("the tea", first)])
        self.assertEqual(self.words(self.batch(a.answers("SEARCH text=teh;in=" + chan), "soju.im/search")), [])
        t.send("/history ids 1")
        ident = t.expect(r"^\d\d:\d\d \[(\d+-\d+)\] %s: the tea$" % t.name).group(1)
        self.assertIn("Sorry", watcher.ask("/edit %s mine" % ident, "Sorry.*").group(0))
        self.assertIn("Sorry", watcher.ask("/delete %s" % ident, "Sorry.*").group(0))
        t.send("/delete " + ident)
        watcher.expect("^%s has taken back a message" % t.name)
        a.expect("REDACT", chan, first)
        self.assertEqual(self.history(a, "LATEST %s * 5" % chan), [])
        t.send("again")
        again = a.expect("PRIVMSG", chan, "again").tags["msgid"]
        a.ask("REDACT %s %s :no" % (chan, again), "REDACT", chan, again)
        t.expect("%s has taken back a message" % a.nick)
        self.assertEqual(self.history(a, "LATEST %s * 5" % chan), [])

    def test_edit_from_irc(self):
        """PRIVMSG with +draft/edit, one line or several: own messages only; everybody is told, and history has the new words."""
        caps = CAPS + ("draft/multiline", "labeled-response")
        a, b, t = self.irc("a", caps), self.irc("b", caps), self.client("t")
        chan = self.channel(a, b)
        t.ask("/join " + chan[1:], "You are in")
        first = a.ask("PRIVMSG %s :teh tea" % chan, "PRIVMSG", chan).tags["msgid"]
        a.send("@label=e;+draft/edit=%s PRIVMSG %s :the tea" % (first, chan))
        m = a.expect("PRIVMSG", chan, "[edited] the tea")
        self.assertEqual((m.tags["label"], m.tags["+draft/edit"], m.tags["+draft/reply"]), ("e", first, first))
        self.assertEqual(b.expect("PRIVMSG", chan, "[edited] the tea").tags["+draft/edit"], first)
        t.expect("^%s edited: the tea$" % a.nick)
        a.send("@+draft/edit=%s BATCH +1 draft/multiline %s" % (first, chan), "@batch=1 PRIVMSG %s :the" % chan, "@batch=1 PRIVMSG %s :tea" % chan, "BATCH -1")
        self.assertEqual(b.expect("BATCH", None, "draft/multiline", chan).tags["+draft/edit"], first)
        self.assertEqual(self.words([b.expect("PRIVMSG"), b.expect("PRIVMSG")]), ["[edited] the", "tea"])
        a.sync()
        got = [m for m in self.history(a, "LATEST %s * 5" % chan) if m.is_("PRIVMSG")]
        self.assertEqual(self.words(got), ["the", "tea"])
        b.ask("@+draft/edit=%s PRIVMSG %s :mine" % (first, chan), "FAIL", "PRIVMSG", "EDIT_FORBIDDEN")
        a.ask("@+draft/edit=nothing PRIVMSG %s :x" % chan, "FAIL", "PRIVMSG", "UNKNOWN_MSGID")
        a.ask("@+draft/edit=%s PRIVMSG #nowhere :x" % first, "FAIL", "PRIVMSG")

    def test_the_last_to_somebody(self):
        """Of a room's and somebody's last messages the one that is meant; and none twice."""
        t, bob = self.client("t"), self.client("bob")
        t.send("/msg %s tea?" % bob.name)
        bob.expect("tea\\?")
        t.send("hello, all")
        bob.expect("hello, all")
        t.send("/edit @%s coffee?" % bob.name)
        bob.expect("%s edited.*coffee" % t.name)
        t.ask("/delete @%s nonsense" % bob.name, "^Which message")
        t.ask("/delete @somebody-else", "^Which message")
        t.send("/delete @" + bob.name)
        bob.expect("%s has taken back a message" % t.name)
        t.ask("/delete @" + bob.name, "^Sorry, that message is not known")
        t.send("/delete")
        bob.expect("%s has taken back a message" % t.name)
        self.assertNotIn("taken back", bob.sync())

    def test_text_that_nobody_should_see(self):
        """What is kept of IRC reaches a terminal as what is said now does."""
        t, a = self.client("t"), self.irc("a", CAPS)
        chan = self.channel(a)
        a.ask("PRIVMSG %s :\x02bold\x0304red\x0f" % chan, "PRIVMSG")
        t.ask("/join " + chan[1:], "You are in")
        t.ask("/history", "%s: boldred$" % a.nick)

    def test_text_from_right_to_left(self):
        """Whatever turns the direction ends with the line, for all who read it."""
        t, a, b = self.client("t"), self.irc("a", CAPS), self.irc("b")
        chan = self.channel(a, b)
        t.ask("/join " + chan[1:], "You are in")
        a.send("PRIVMSG %s :one \u202etwo" % chan)
        b.expect("PRIVMSG", chan, "one \u202etwo\u202c")
        t.expect("%s: one \u202etwo\u202c$" % a.nick)
        a.ask("TOPIC %s :\u2067tea" % chan, "TOPIC")
        t.expect("\u2067tea\u2069")
        t.ask("/history", "%s: one \u202etwo\u202c$" % a.nick)
        t.ask("/topic", "\u2067tea\u2069")


class Accounts(HistoryCase):
    passwords = True

    def test_direct_messages(self):
        """Both accounts read them, each from its side; nobody else; nor is a guest's kept."""
        a, b, c = self.account("a"), self.account("b"), self.account("c")
        said = []
        for i in range(4):
            said += self.say((a, b)[i % 2], (b, a)[i % 2].nick, "dm %d" % i)
        a.sync(), b.sync()
        wanted = [(m.source, m.params, m.tags["msgid"]) for m in said]
        for who, peer in ((a, b), (b, a)):
            self.assertEqual([(m.source, m.params, m.tags["msgid"]) for m in self.history(who, "LATEST %s * 10" % peer.nick)], wanted)
        self.assertEqual([(m.source, m.params, m.tags["msgid"]) for m in self.history(b, "BEFORE %s msgid=%s 10" % (a.nick.upper(), said[2].tags["msgid"]))],
                         wanted[:2])
        got = self.history(a, "TARGETS timestamp=2020-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 10", "draft/chathistory-targets")
        self.assertEqual([m.params[1] for m in got], [b.nick])
        for peer in (a, b):
            self.assertEqual(self.history(c, "LATEST %s * 10" % peer.nick), [])
        guest = self.irc("g", CAPS)
        self.failed(guest, "CHATHISTORY LATEST %s * 10" % a.nick, "CHATHISTORY", "INVALID_TARGET", "LATEST", a.nick)

    def test_kept_for_the_absent(self):
        a, b = self.account("a"), self.account("b")
        t, guest = self.client("t"), self.irc("g")
        self.log_in(t, a.nick)
        t.expect("logged in")
        self.gone(b, a)
        a.send("PRIVMSG %s :see you" % b.nick)
        self.assertEqual(a.expect("PRIVMSG", b.nick, "see you").params, [b.nick, "see you"])
        a.expect("301", a.nick, b.nick)
        t.send("hello later@" + b.nick)
        t.expect("%s is not here, and will be told when logging in." % b.nick)
        guest.ask("PRIVMSG %s :from a guest" % b.nick, "301")
        a.ask("PRIVMSG %s :x" % self.fresh("nobody"), "401")
        back = self.again(b)
        got = [back.expect("PRIVMSG", b.nick, w) for w in ("see you", "hello later", "from a guest")]
        self.assertTrue(all("time" in m.tags for m in got))
        back.sync()
        # once
        self.gone(back, a)
        a.send("PRIVMSG %s :dated" % b.nick)
        a.expect("301", a.nick, b.nick)
        old = self.again(b, ())
        m = old.expect("PRIVMSG", b.nick)
        self.assertRegex(m.params[-1], r"^\[\d{4}-\d\d-\d\d \d\d:\d\d\] dated$")
        self.assertEqual([m.command for m in old.sync() if m.is_("PRIVMSG")], [])
        # and in telnet, behind the sender's acknowledgement
        self.gone(old, a)
        t.ask("/ack on", "Telling you")
        t.send("third time@" + b.nick)
        t.expect("%s is not here, and will be told when logging in." % b.nick)
        t.expect("message has been sent")
        g = self.client("g")
        self.log_in(g, b.nick)
        g.expect("^--- Kept for you while you were away:$")
        g.expect(r'^\d\d:\d\d %s sent you "third time"$' % a.nick)

    def test_read_marker(self):
        caps = CAPS + ("draft/read-marker",)
        a = self.account("a", caps)
        chan = "#" + self.fresh("chan")
        a.send("JOIN " + chan)
        got = a.until(lambda m: m.is_("366"))
        self.assertEqual([m.params for m in got if m.is_("MARKREAD")], [[chan, "*"]])
        m = self.say(a, chan, "x")[0]
        at = "timestamp=" + m.tags["time"]
        self.assertEqual(a.ask("MARKREAD " + chan, "MARKREAD").params, [chan, "*"])
        self.assertEqual(a.ask("@label=m MARKREAD %s %s" % (chan, at), "MARKREAD").tags["label"], "m")
        self.assertEqual(a.ask("MARKREAD " + chan, "MARKREAD").params, [chan, at])
        self.assertEqual(a.ask("MARKREAD %s timestamp=2020-01-01T00:00:00.000Z" % chan, "MARKREAD").params, [chan, at])
        twin, other = self.again(a, caps), self.account("o", caps)
        # before it is given anything that it asks for
        self.assertEqual([m.params for m in twin.sync() if m.is_("MARKREAD")], [[chan, at]])
        other.ask("JOIN " + chan, "366")
        later = self.say(a, chan, "y")[0]
        a.sync(), twin.sync(), other.sync()
        later = "timestamp=" + later.tags["time"]
        a.ask("MARKREAD %s %s" % (chan, later), "MARKREAD", chan, later)
        twin.expect("MARKREAD", chan, later)
        self.assertEqual([m for m in other.sync() if m.is_("MARKREAD")], [])
        # under another name, too
        phone = self.irc("phone", caps)
        phone.ask("PRIVMSG NickServ :IDENTIFY %s %s" % (a.nick, PASSWORD), "NOTICE")
        phone.ask("JOIN " + chan, "366")
        last = self.say(a, chan, "z")[0]
        phone.expect("PRIVMSG", chan, "z")
        last = "timestamp=" + last.tags["time"]
        phone.ask("MARKREAD %s %s" % (chan, last), "MARKREAD", chan, last)
        a.expect("MARKREAD", chan, last)
        later = last
        a.ask("PART " + chan, "PART")
        a.send("JOIN " + chan)
        self.assertEqual([m.params for m in a.until(lambda m: m.is_("366")) if m.is_("MARKREAD")], [[chan, later]])
        guest = self.irc("g", caps)
        self.assertEqual(guest.ask("JOIN " + chan, "MARKREAD").params, [chan, "*"])
        guest.expect("366")

    def test_arriving(self):
        """Another session of somebody is told of the rooms: in this order, and only what it wants."""
        a = self.account("a")
        chan = self.channel(a)
        a.ask("TOPIC %s :x" % chan, "TOPIC")
        for caps, wanted in ((("draft/read-marker",), ["JOIN", "MARKREAD", "332", "333", "353", "366"]),
                             (("draft/read-marker", "draft/no-implicit-names"), ["JOIN", "MARKREAD", "332", "333"]),
                             (("draft/no-implicit-names",), ["JOIN", "332", "333"])):
            self.assertEqual(self.commands(self.again(a, CAPS + caps).sync()), wanted, caps)

    def test_read_marker_of_a_guest(self):
        """Who has no account has marks while it is connected, and alone."""
        caps = ("draft/read-marker",)
        g, other = self.irc("g", caps), self.irc("o", caps)
        chan, at = self.channel(g, other), "timestamp=2021-05-20T08:30:00.000Z"
        self.assertEqual(g.ask("MARKREAD #nowhere", "MARKREAD").params, ["#nowhere", "*"])
        self.assertEqual(g.ask("MARKREAD %s %s" % (chan, at), "MARKREAD").params, [chan, at])
        self.assertEqual(g.ask("MARKREAD %s timestamp=2020-01-01T00:00:00.000Z" % chan, "MARKREAD").params, [chan, at])
        self.assertEqual(g.ask("MARKREAD " + chan.upper(), "MARKREAD").params, [chan.upper(), at])
        self.assertEqual(g.ask("MARKREAD " + other.nick, "MARKREAD").params, [other.nick, "*"])
        g.ask("MARKREAD %s %s" % (other.nick, at), "MARKREAD", other.nick, at)
        self.assertEqual(other.ask("MARKREAD " + chan, "MARKREAD").params, [chan, "*"])
        g.ask("PART " + chan, "PART")
        g.send("JOIN " + chan)
        self.assertEqual([m.params for m in g.until(lambda m: m.is_("366")) if m.is_("MARKREAD")], [[chan, at]])
        for i in range(101):  # the first ones are forgotten
            g.send("MARKREAD #r%d %s" % (i, at))
        g.ask("MARKREAD " + chan, "MARKREAD", chan, "*")
        g.ask("MARKREAD #r100", "MARKREAD", "#r100", at)

    def test_missed_after_a_logout(self):
        """Who logs out, and goes then, is told what it has missed as well."""
        a, b = self.irc("a", CAPS), self.account("b")
        chan = self.channel(a, b)
        b.ask("PRIVMSG NickServ :LOGOUT", "901")
        b.send("QUIT")
        a.expect("QUIT")
        self.say(a, chan, "behind your back")
        back = self.client("guest")
        self.log_in(back, b.nick)
        back.expect("While you were away")
        back.expect("%s: 1 message" % chan[1:])

    def test_missed(self):
        """A returning account is told how much it missed, reads it, and is told no more."""
        a, t = self.irc("a", CAPS), self.client("t")
        chan = self.channel(a)
        t.ask("/register", "assword")
        t.ask(PASSWORD, "again|assword")
        t.ask(PASSWORD, "is yours now")
        t.ask("/join " + chan[1:], "You are in")
        t.send("/quit")
        t.expect_eof()
        a.expect("QUIT")
        self.say(a, chan, *["missed %d" % i for i in range(3)])
        back = self.client("guest")
        self.log_in(back, t.name)
        back.expect("While you were away")
        back.expect("%s: 3 messages" % chan[1:])
        back.ask("/join " + chan[1:], "That was before you came")
        back.send("/history new")
        for i in range(3):
            back.expect(r"^\d\d:\d\d %s: missed %d" % (a.nick, i))
        back.expect("^---")
        back.ask("/history new", "You have missed nothing there")
        back.ask("/unread", "You have missed nothing")
        # who was thrown out is not told how much is said there
        a.ask("KICK %s %s" % (chan, t.name), "KICK")
        self.say(a, chan, "about you")
        back.ask("/unread", "You have missed nothing")
        # nor who has left, nor who could not come in any more
        left, shut, still = self.channel(a), self.channel(a), self.channel(a)
        for room in left, shut, still:
            back.ask("/join " + room[1:], "You are in")
        back.send("/leave " + left[1:])
        a.expect("PART")
        back.send("/quit")
        a.expect("QUIT")
        a.ask("MODE %s +b %s!*@*" % (shut, t.name), "MODE")
        for room in left, shut, still:
            self.say(a, room, "behind your back")
        back = self.client("guest2")
        self.log_in(back, t.name)
        back.expect("While you were away")
        back.expect("%s: 1 message" % still[1:])
        mark = back.mark()
        back.ask("/unread", "new in your room")
        told = back.since(mark)
        self.assertEqual([room[1:] in told for room in (left, shut, still)], [False, False, True], told)


@unittest.skipUnless(shutil.which("weechat-headless"), "weechat-headless is not installed")
class Mailbox(HistoryCase):
    own = True
    config = dict(AccountCase.config, accounts={**AccountCase.config.get("accounts", {}), "mailbox": 1})

    def test_what_waits_no_more_makes_room(self):
        """Taken back by its author, or purged."""
        d = self.daemon()
        a, b = self.account("a", CAPS + ("draft/message-redaction",)), self.account("b")
        self.gone(b, a)

        def is_taken():
            return "PRIVMSG" in [m.command for m in a.answers("PRIVMSG %s :hello" % b.nick)]

        self.assertTrue(is_taken())
        msgid = [m for m in a.seen if m.is_("PRIVMSG", b.nick)][-1].tags["msgid"]
        self.assertFalse(is_taken())
        a.ask("REDACT %s %s" % (b.nick, msgid), "REDACT", b.nick, msgid)
        eventually("there is room again", is_taken)
        self.assertFalse(is_taken())
        d.ctl("history", "purge", "@" + b.nick)
        eventually("there is room once more", is_taken)
        self.assertFalse(is_taken())
        back = self.again(b)
        back.expect("PRIVMSG", b.nick, "hello")
        self.gone(back, a)
        self.assertTrue(is_taken())


class WithWeeChat(HistoryCase):
    def test_replay(self):
        """It writes down what was said before it came, under the time when it was."""
        a = self.irc("a", CAPS)
        chan = self.channel(a)
        said = self.say(a, chan, "before you came", "and this, too")
        eventually("the next second", lambda: self.now()[:19] > said[-1].tags["time"][:19])
        x = WeeChat(self, self.irc_address(), self.fresh("x"), chan)
        x.see("said", who=a.nick, text="before you came")
        line = [l for l in x.out.seen if l.endswith("before you came")][0]
        self.assertIn(said[0].tags["time"][14:19], line)  # minutes and seconds: its clock may have another zone
        a.send("PRIVMSG %s :now" % chan)
        x.see("said", who=a.nick, text="now")
        x.type("thank you")
        a.expect("PRIVMSG", chan, "thank you")
        self.assertEqual(len([l for l in x.out.seen if l.endswith("before you came")]), 1)


class Away(HistoryCase):
    """The store is not there: chat goes on, and who asks is told so."""
    own = True

    def test_dead_store(self):
        d = self.daemon()
        a, t = self.irc("a", CAPS, d=d), self.client("t", d=d)
        chan = self.channel(a)
        pid = d.kids("store")[0]
        os.kill(pid, signal.SIGSTOP)
        try:
            t.ask("/join " + chan[1:], "You are in")
            a.expect("JOIN", chan)
            a.ask("PRIVMSG %s :still here" % chan, "PRIVMSG")
            t.expect("%s: still here" % a.nick)
            a.send("CHATHISTORY LATEST %s * 5" % chan)
        finally:
            os.kill(pid, signal.SIGCONT)
        self.assertTrue(a.until(lambda m: m.is_("FAIL") or (m.is_("BATCH") and m.params[0][0] == "-")))
        d.kill_role("store")
        a.send("CHATHISTORY LATEST %s * 5" % chan)
        self.assertTrue(a.until(lambda m: m.is_("FAIL") or (m.is_("BATCH") and m.params[0][0] == "-")))
        eventually("it is back", lambda: self.words(a.answers("CHATHISTORY LATEST %s * 5" % chan))[1:-1] == ["still here"])

    def test_restart(self):
        """Of the whole daemon: what was said in a room that stays is there, by the same ids, and may be changed by its author."""
        if not build().passwords:
            self.skipTest("built without libsodium")
        d = self.daemon()
        a = self.account("a", CAPS + ("draft/message-redaction",))
        a.ask("JOIN #lobby", "366")
        said = self.say(a, "#lobby", "first", "second")
        d.stop()
        d.start()
        b = self.again(a, a.caps)
        b.ask("JOIN #lobby", "366")
        self.assertEqual([(m.params[-1], m.tags["msgid"], m.tags["time"]) for m in self.history(b, "LATEST #lobby * 5")],
                         [(m.params[-1], m.tags["msgid"], m.tags["time"]) for m in said])
        stranger = self.irc("s", b.caps)
        stranger.ask("JOIN #lobby", "366")
        stranger.ask("REDACT #lobby " + said[0].tags["msgid"], "FAIL", "REDACT", "REDACT_FORBIDDEN")
        b.send("REDACT #lobby " + said[0].tags["msgid"])
        stranger.expect("REDACT", "#lobby", said[0].tags["msgid"])
        self.assertEqual(self.words(self.history(b, "LATEST #lobby * 5")), ["second"])
        t = self.client("t")
        self.log_in(t, a.nick)
        t.expect("logged in")
        t.ask("/join lobby", "You are|You have|already")
        t.send("/history ids 1")
        ident = t.expect(r"\[(\d+-\d+)\] %s: second$" % a.nick).group(1)
        t.send("/edit %s the second" % ident)
        stranger.expect("PRIVMSG", "#lobby", "[edited] the second")
        got = self.history(b, "LATEST #lobby * 5")
        self.assertEqual([(m.params[-1], m.tags["msgid"]) for m in got], [("the second", said[1].tags["msgid"])])

    def test_broker_killed(self):
        """What was asked of the dead one is asked of the next, which may not have the store yet: every question is answered."""
        d = self.daemon()
        a = self.irc("a", CAPS, d=d)
        chan = self.channel(a)
        self.say(a, chan, "x", "y")
        for _ in range(5):
            store = d.kids("store")[0]
            os.kill(store, signal.SIGSTOP)
            a.send("CHATHISTORY LATEST %s * 5" % chan)
            d.kill_role("broker")
            os.kill(store, signal.SIGCONT)
            got = a.until(lambda m: m.is_("FAIL") or (m.is_("BATCH") and m.params[0][0] == "-"))
            if got[0].is_("BATCH"):
                self.assertEqual(self.words(self.batch(got, "chathistory")), ["x", "y"])
            eventually("it can be read again", lambda: self.words(a.answers("CHATHISTORY LATEST %s * 5" % chan))[1:-1] == ["x", "y"])


if __name__ == "__main__":
    main()
