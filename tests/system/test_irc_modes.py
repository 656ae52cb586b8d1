#!/usr/bin/env python3
"""IRC's modes of channels: who may change what, how it is told, the lists, and what each mode does.

From modern.ircdocs.horse (MODE, Channel Modes, Channel Membership Prefixes, the numerics named here) and RFC 2811."""

import random
import re

from harness import main
from irc import IrcCase

FLAGS = "CMRimnst"
LABELS = ("batch", "labeled-response")


class ModeCase(IrcCase):
    def mode(self, c, chan, change, *params):
        """c changes modes; what everybody is shown."""
        want = params or tuple(change.split())
        m = c.ask("MODE %s %s" % (chan, change), "MODE", chan, *want)
        self.assertEqual(m.params[1:], list(want))
        return m

    def refused(self, c, line, num, *params):
        """The line is answered by this numeric and nothing else; its parameters between nick and text."""
        got = c.answers(line)
        self.assertEqual(self.commands(got), [num], (line, got))
        self.assertEqual(got[0].params[0], c.nick)
        if params:
            self.assertEqual(got[0].params[1:-1], list(params), line)

    def silent(self, c, line):
        self.assertEqual(c.answers(line), [], line)

    def staff(self):
        """A channel with an operator, a halfop, one with voice and one without; and somebody outside."""
        op, half, voice, plain, out = (self.irc(n) for n in ("op", "half", "voice", "plain", "out"))
        chan = self.channel(op, half, voice, plain)
        self.mode(op, chan, "+hv %s %s" % (half.nick, voice.nick))
        for c in (op, half, voice, plain):
            c.sync()
        return op, half, voice, plain, out, chan

    def entries(self, c, chan, letter):
        """mask -> (by, since) of a list, its numerics checked."""
        entry, end = {"b": ("367", "368"), "e": ("348", "349"), "I": ("346", "347")}[letter]
        got = c.answers("MODE %s %s" % (chan, letter))
        self.assertEqual(self.commands(got), [entry] * (len(got) - 1) + [end])
        self.assertEqual(got[-1].params[:2], [c.nick, chan])
        self.assertEqual(len(got[-1].params), 3)
        for m in got[:-1]:
            self.assertEqual((len(m.params), m.params[:2]), (5, [c.nick, chan]))
            self.assertRegex(m.params[4], r"^\d{10}$")
        return {m.params[2]: (m.params[3], int(m.params[4])) for m in got[:-1]}


class Settings(ModeCase):
    """Modes without lists and members."""

    def test_shown(self):
        op, half, voice, plain, out, chan = self.staff()
        got = out.answers("MODE " + chan)
        self.assertEqual(self.commands(got), ["324", "329"])
        self.assertEqual(got[0].params[:2], [out.nick, chan])
        self.assertEqual(set(got[0].params[2]), set("+nt"))
        self.assertEqual(got[1].params[:2], [out.nick, chan])
        self.assertRegex(got[1].params[2], r"^\d{10}$")
        self.mode(op, chan, "+lk 20 secret", "+lk", "20", "*")
        for c in (op, plain, out):
            m = c.ask("MODE " + chan.upper(), "324")
            self.assertEqual(m.params[1], chan)
            self.assertEqual(set(m.params[2]), set("+ntlk"))
            self.assertEqual(sorted(m.params[3:]), ["*", "20"])
            args = iter(m.params[3:])
            self.assertEqual({l: next(args) for l in m.params[2] if l in "lk"}, {"l": "20", "k": "*"})
        self.assertFalse([m for c in (op, half, plain) for m in c.seen if "secret" in m.line])
        self.mode(op, chan, "-k whatever", "-k", "*")
        self.mode(op, chan, "-l")
        self.assertEqual(set(op.ask("MODE " + chan, "324").params[2]), set("+nt"))
        self.mode(op, chan, "-nt")
        self.assertEqual(op.ask("MODE " + chan, "324").params[2:], ["+"])

    def test_each_flag(self):
        op, half, voice, plain, out, chan = self.staff()
        self.mode(op, chan, "-nt")
        for letter in FLAGS:
            self.refused(out, "MODE %s +%s" % (chan, letter), "442", chan)
            for c in (half, voice, plain):
                c.sync()
                self.refused(c, "MODE %s +%s" % (chan, letter), "482", chan)
            m = self.mode(op, chan, "+" + letter)
            self.assertEqual(m.source, "%s!user@127.0.0.1" % op.nick)
            for c in (half, voice, plain):
                got = c.sync()
                self.assertEqual([(m.source, m.command, m.params) for m in got],
                                 [("%s!user@127.0.0.1" % op.nick, "MODE", [chan, "+" + letter])])
            self.silent(op, "MODE %s +%s" % (chan, letter))
            self.assertEqual(op.ask("MODE " + chan, "324").params[2:], ["+" + letter])
            self.refused(plain, "MODE %s -%s" % (chan, letter), "482", chan)
            self.mode(op, chan, "-" + letter)
            self.silent(op, "MODE %s -%s" % (chan, letter))
        self.assertFalse([m for m in out.seen if m.command == "MODE"])

    def test_unknown(self):
        op = self.irc("op")
        chan = self.channel(op)
        for letter in "yz%":
            self.refused(op, "MODE %s +%s" % (chan, letter), "472", letter)
        got = op.answers("MODE %s +mz-yn" % chan)
        self.assertEqual(sorted(self.commands(got)), ["472", "472", "MODE"])
        self.assertEqual([m.params[1:] for m in got if m.command == "MODE"], [["+m-n"]])
        self.refused(op, "MODE %s zzzz" % chan, "472", "z")
        self.refused(op, "MODE #no-such-room +i", "403", "#no-such-room")
        self.refused(op, "MODE #no-such-room", "403", "#no-such-room")
        self.refused(op, "MODE #no-such-room b", "403", "#no-such-room")
        self.refused(op, "MODE", "461", "MODE")
        for line in ("MODE %s +", "MODE %s -", "MODE %s +-+", "MODE %s + x"):
            self.silent(op, line % chan)

    def test_key_and_limit(self):
        op = self.irc("op")
        chan = self.channel(op)
        for bad in ("0", "-1", "x", "1x", "99999999", "1000001", "+5", "\u0661"):
            self.refused(op, "MODE %s +l :%s" % (chan, bad), "696", chan, "l", bad)
        for bad in ("a b", "a,b", ":a", "", "\u00e9" * 33, "x" * 100, "a\x07b"):
            self.refused(op, "MODE %s +k :%s" % (chan, bad), "696", chan, "k", "*")
        for letter in "klohv":
            self.refused(op, "MODE %s +%s" % (chan, letter), "461", "MODE")
        self.assertEqual(set(op.ask("MODE " + chan, "324").params[2]), set("+nt"))
        self.mode(op, chan, "+k first", "+k", "*")
        self.silent(op, "MODE %s +k first" % chan)
        self.mode(op, chan, "+k second", "+k", "*")
        bob = self.irc("bob")
        self.refused(bob, "JOIN %s first" % chan, "475", chan)
        bob.ask("JOIN %s second" % chan, "JOIN")
        op.sync()
        self.mode(op, chan, "+l 1")
        self.silent(op, "MODE %s +l 1" % chan)
        self.mode(op, chan, "+l 1000000")
        self.mode(op, chan, "-lk", "-lk", "*")
        self.silent(op, "MODE %s -lk" % chan)

    def test_several(self):
        op, half, voice, plain, out, chan = self.staff()
        m = self.mode(op, chan, "+ms-t+v-h+k %s %s word" % (plain.nick, half.nick),
                      "+ms-t+v-h+k", plain.nick, half.nick, "*")
        self.assertEqual(plain.expect("MODE").params, m.params)
        m = self.mode(op, chan, "-ms +t -v %s" % plain.nick, "-ms+t-v", plain.nick)
        self.assertEqual(voice.expect("MODE", chan, "-ms+t-v").params, m.params)
        # some of it may be done
        got = op.answers("MODE %s +ovb-n nobody-here %s *!*@x" % (chan, out.nick))
        self.assertEqual([(m.command, m.params) for m in got if m.command == "MODE"],
                         [("MODE", [chan, "+b-n", "*!*@x"])])
        self.assertEqual(sorted((m.command, m.params[1]) for m in got if m.command != "MODE"),
                         [("401", "nobody-here"), ("441", out.nick)])

    def test_as_many_as_promised(self):
        op = self.irc("op")
        chan = self.channel(op)
        n = int(op.isupport["MODES"])
        masks = ["m%d!*@*" % i for i in range(n)]
        op.send("MODE %s +%s %s" % (chan, "b" * n, " ".join(masks)))
        got = [m for m in op.sync() if m.command == "MODE"]
        self.assertEqual([a for m in got for a in m.params[2:]], masks)
        for m in got:
            self.assertEqual(m.params[1], "+" + "b" * len(m.params[2:]))
        self.assertEqual(set(self.entries(op, chan, "b")), set(masks))
        op.send("MODE %s -%s %s" % (chan, "b" * n, " ".join(masks)))
        op.sync()
        self.assertEqual(self.entries(op, chan, "b"), {})
        # flags take no argument and are not counted
        self.mode(op, chan, "+CMRims-CMRims+CMRims")

    def test_long_lines_are_whole(self):
        op, bob = self.irc("o" * 30, exact=True), self.irc("bob")
        chan = "#" + "c" * 63
        for c in (op, bob):
            c.ask("JOIN " + chan, "366")
        op.sync()
        masks = ["%s%d!*@%s" % ("n" * 20, i, "h" * 60) for i in range(4)]
        op.send("MODE %s +bbbb %s" % (chan, " ".join(masks)))
        got = [m for m in bob.until(lambda m, seen=[]: m.command == "MODE" and (seen.extend(m.params[2:]) or len(seen) == 4))
               if m.command == "MODE"]
        self.assertEqual([a for m in got for a in m.params[2:]], masks)
        for m in got:
            self.assertLessEqual(len(m.line.encode()), 510)
            self.assertEqual(len(m.params[1]) - 1, len(m.params) - 2)

    def test_labels(self):
        op, plain = self.irc("op", LABELS), self.irc("plain", LABELS)
        chan = self.channel(op, plain)
        op.sync()
        for line, want in (("+m", ["MODE"]), ("+m", ["ACK"]), ("+o nobody-here", ["401"]), ("+z", ["472"]),
                           ("", ["BATCH", "324", "329", "BATCH"]), ("b", ["368"]), ("-b nobody", ["ACK"]),
                           ("+l x", ["696"]), ("+k", ["461"])):
            got = op.answers("@label=L MODE %s %s" % (chan, line))
            self.assertEqual(self.commands(got), want, line)
            self.assertEqual(got[0].tags["label"], "L")
        got = op.answers("@label=L MODE %s +bz-m nobody" % chan)
        self.assertEqual(sorted(self.commands(got)), ["472", "BATCH", "BATCH", "MODE"])
        plain.sync()
        got = plain.answers("@label=L MODE %s +i" % chan)
        self.assertEqual([(m.command, m.tags) for m in got], [("482", {"label": "L"})])


class Members(ModeCase):
    def test_ranks(self):
        op, half, voice, plain, out, chan = self.staff()
        for letter in "ohv":
            m = self.mode(op, chan, "+%s %s" % (letter, plain.nick))
            for c in (half, voice, plain):
                self.assertEqual(c.expect("MODE", chan, "+" + letter).params, m.params)
            self.silent(op, "MODE %s +%s %s" % (chan, letter, plain.nick.upper()))
            self.mode(op, chan, "-%s %s" % (letter, plain.nick))
            self.silent(op, "MODE %s -%s %s" % (chan, letter, plain.nick))
            self.refused(op, "MODE %s +%s nobody-here" % (chan, letter), "401", "nobody-here")
            self.refused(op, "MODE %s +%s %s" % (chan, letter, out.nick), "441", out.nick, chan)
            self.refused(op, "MODE %s +%s %s" % (chan, letter, "x" * 100), "401", "x" * 100)
        # whatever is typed, the name is shown as it is
        self.mode(op, chan, "+v " + plain.nick.upper(), "+v", plain.nick)

    def test_who_may(self):
        op, half, voice, plain, out, chan = self.staff()
        for letter in "ohv":
            for c in (voice, plain):
                self.refused_after_sync(c, "MODE %s +%s %s" % (chan, letter, c.nick), "482", chan)
                self.refused_after_sync(c, "MODE %s -o %s" % (chan, op.nick), "482", chan)
            self.refused(out, "MODE %s +%s %s" % (chan, letter, out.nick), "442", chan)
        for letter in "oh":
            self.refused_after_sync(half, "MODE %s +%s %s" % (chan, letter, plain.nick), "482", chan)
        self.refused_after_sync(half, "MODE %s -o %s" % (chan, op.nick), "482", chan)
        self.mode(half, chan, "+v " + plain.nick)
        self.mode(half, chan, "-v " + plain.nick)
        # everybody may step back
        self.mode(voice, chan, "-v " + voice.nick)
        self.mode(half, chan, "-h " + half.nick)
        self.mode(op, chan, "-o " + op.nick)
        self.refused_after_sync(op, "MODE %s +o %s" % (chan, op.nick), "482", chan)

    def refused_after_sync(self, c, *more):
        c.sync()
        self.refused(c, *more)

    def test_first_one_is_operator(self):
        op, bob = self.irc("op"), self.irc("bob")
        chan = self.channel(op, bob)
        self.assertEqual(op.isupport["PREFIX"], "(ohv)@%+")
        names = bob.ask("NAMES " + chan, "353").params[3].split()
        self.assertEqual(sorted(names), sorted(["@" + op.nick, bob.nick]))
        self.mode(op, chan, "+vhv %s %s %s" % (op.nick, op.nick, bob.nick))
        for caps, want in (((), ("@" + op.nick, "+" + bob.nick)),
                           (("multi-prefix",), ("@%+" + op.nick, "+" + bob.nick)),
                           (("userhost-in-names", "multi-prefix"), ("@%%+%s!user@127.0.0.1" % op.nick,
                                                                    "+%s!user@127.0.0.1" % bob.nick))):
            c = self.irc("c", caps)
            c.send("JOIN " + chan)
            names = c.expect("353").params[3].split()
            self.assertEqual(set(want), {n for n in names if op.nick in n or bob.nick in n})
            who = {m.params[5]: m.params[6] for m in c.answers("WHO " + chan) if m.command == "352"}
            self.assertEqual(who[op.nick], "H@%+" if caps else "H@")
            self.assertEqual(who[bob.nick], "H+")
            c.ask("PART " + chan, "PART")

    def test_ranks_end_with_the_membership(self):
        op, bob = self.irc("op"), self.irc("bob")
        chan = self.channel(op, bob)
        self.mode(op, chan, "+o " + bob.nick)
        bob.ask("PART " + chan, "PART")
        bob.ask("JOIN " + chan, "366")
        bob.sync()
        self.refused(bob, "MODE %s +i" % chan, "482", chan)

    def test_operators_mend_each_other(self):
        """An operator may take the rights of another, a halfop may throw out those below."""
        op, half, voice, plain, out, chan = self.staff()
        self.mode(op, chan, "+o " + plain.nick)
        self.mode(plain, chan, "-o " + op.nick)
        op.sync()
        self.refused(op, "KICK %s %s" % (chan, plain.nick), "482", chan)
        half.sync()
        self.refused(half, "KICK %s %s" % (chan, plain.nick), "482", chan)
        half.ask("KICK %s %s" % (chan, voice.nick), "KICK", chan, voice.nick)
        half.ask("KICK %s %s" % (chan, op.nick), "KICK", chan, op.nick)


class Lists(ModeCase):
    def test_each(self):
        op, half, voice, plain, out, chan = self.staff()
        for letter in "beI":
            self.assertEqual(self.entries(op, chan, letter), {})
            self.refused(out, "MODE %s +%s x" % (chan, letter), "442", chan)
            for c in (voice, plain):
                c.sync()
                self.refused(c, "MODE %s +%s x" % (chan, letter), "482", chan)
                self.refused(c, "MODE %s -%s x" % (chan, letter), "482", chan)
            self.mode(op, chan, "+%s one!*@*" % letter)
            self.mode(half, chan, "+%s *!two@host" % letter)
            self.assertEqual(plain.expect("MODE", chan, "+" + letter).params[2], "one!*@*")
            self.silent(op, "MODE %s +%s ONE!*@*" % (chan, letter))
            self.silent(op, "MODE %s -%s three" % (chan, letter))
            for c in (op, plain, out):
                got = self.entries(c, chan, letter)
                self.assertEqual({m: by for m, (by, at) in got.items()},
                                 {"one!*@*": op.nick, "*!two@host": half.nick})
            half.sync()
            self.assertEqual(self.commands(half.answers("MODE %s +%s" % (chan.upper(), letter))),
                             self.commands(out.answers("MODE %s -%s" % (chan, letter))))
            self.mode(op, chan, "-%s ONE!*@*" % letter, "-" + letter, "one!*@*")
            self.mode(half, chan, "-%s *!two@host" % letter)
            self.assertEqual(self.entries(op, chan, letter), {})

    def test_forms(self):
        op = self.irc("op")
        chan = self.channel(op)
        for typed, shown in (("bob", "bob!*@*"), ("bob!x", "bob!x@*"), ("x@host", "*!x@host"), ("*!*@Host.example", None),
                             ("192.0.2.7", "*!*@192.0.2.7"), ("192.0.2.0/24", "*!*@192.0.2.0/24"),
                             ("2001:db8::/32", "*!*@2001:db8::/32"), ("*.example.org", "*!*@*.example.org"),
                             ("~a:alice", "a:alice"), ("a:alice", None), ("~r:*spam*", "r:*spam*"),
                             ("m:loud", "m:loud!*@*"), ("~m:~a:alice", "m:a:alice"), ("m:r:x?z", None),
                             ("b\u00f6b", "b\u00f6b!*@*"), ("*!~bob@*", None)):
            self.mode(op, chan, "+b " + typed, "+b", shown or typed)
            self.assertEqual(list(self.entries(op, chan, "b")), [shown or typed])
            self.mode(op, chan, "-b " + typed, "-b", shown or typed)
        for bad in ("a!b!c", "a@b@c", "a!b@c!d", "192.0.2.0/99", "~z:x", "~a:", "~m:", "~m:~m:x", "~bob"):
            self.refused(op, "MODE %s +b %s" % (chan, bad), "696", chan, "b", bad)
        self.refused(op, "MODE %s +I ~m:bob" % chan, "696", chan, "I", "~m:bob")
        self.refused(op, "MODE %s +b :a b" % chan, "696", chan, "b", "*")
        self.assertEqual(self.commands(op.answers("MODE %s +b %s" % (chan, "x" * 300))), ["696"])
        self.mode(op, chan, "+e ~m:bob", "+e", "m:bob!*@*")

    def test_several_lists_in_a_line(self):
        op = self.irc("op")
        chan = self.channel(op)
        self.mode(op, chan, "+beI b e i", "+beI", "b!*@*", "e!*@*", "i!*@*")
        got = op.answers("MODE %s +beI" % chan)
        self.assertEqual(self.commands(got), ["367", "368", "348", "349", "346", "347"])
        got = op.answers("MODE %s +bib" % chan)
        self.assertEqual(sorted(self.commands(got)), ["367", "368", "MODE"])

    def test_full(self):
        op = self.irc("op")
        chan = self.channel(op)
        n = int(op.isupport["MAXLIST"].partition(":")[2])
        self.assertEqual(set(op.isupport["MAXLIST"].partition(":")[0]), set("beI"))
        for letter in "beI":
            for i in range(0, n, 10):
                op.send("MODE %s +%s %s" % (chan, letter * 10, " ".join("m%d" % k for k in range(i, i + 10))))
            op.sync()
            self.refused(op, "MODE %s +%s one-more" % (chan, letter), "478", chan, letter)
            self.assertEqual(len(self.entries(op, chan, letter)), n)
            self.mode(op, chan, "-%s m7" % letter, "-" + letter, "m7!*@*")
            self.mode(op, chan, "+%s one-more" % letter, "+" + letter, "one-more!*@*")
        op.send("PRIVMSG %s :still quick" % chan)
        op.sync()

    def test_one_list(self):
        """What telnet's /ban and /mute write down is the list that MODE does, and chatctl shows it."""
        op, tom = self.irc("op"), self.client("tom")
        chan = self.channel(op)
        tom.send("/join " + chan[1:])
        op.expect("JOIN", chan)
        self.mode(op, chan, "+o " + tom.name)
        tom.expect("operator")
        tom.send("/ban 192.0.2.9", "/mute loud")
        op.expect("MODE", chan, "+b", "*!*@192.0.2.9")
        op.expect("MODE", chan, "+b", "m:loud!*@*")
        self.assertEqual({m: by for m, (by, at) in self.entries(op, chan, "b").items()},
                         {"*!*@192.0.2.9": tom.name, "m:loud!*@*": tom.name})
        self.mode(op, chan, "+eIh friend guest %s" % op.nick, "+eIh", "friend!*@*", "guest!*@*", op.nick)
        shown = self.d.json("room", chan)
        self.assertEqual(sorted((e["list"], e["mask"], e["by"]) for e in shown["lists"]),
                         [("ban", "192.0.2.9", tom.name), ("exception", "friend", op.nick), ("invitation", "guest", op.nick),
                          ("mute", "loud", tom.name)])
        self.assertRegex(shown["lists"][0]["since"], r"^\d{4}-\d\d-\d\dT")
        self.assertEqual({u["name"]: u["halfop"] for u in shown["users"]}, {op.nick: True, tom.name: False})
        self.assertRegex(self.d.ctl("room", chan), r"(?m)^mute +loud +\S+ +" + tom.name)
        self.mode(op, chan, "-bb 192.0.2.9 m:loud", "-bb", "*!*@192.0.2.9", "m:loud!*@*")
        tom.expect("lifted the ban of 192.0.2.9")
        tom.expect("unmuted loud")
        self.mode(op, chan, "+b m:noise", "+b", "m:noise!*@*")
        tom.expect("has muted noise")
        tom.send("/unmute noise")
        op.expect("MODE", chan, "-b", "m:noise!*@*")


class Effects(ModeCase):
    def open(self, *modes):
        op = self.irc("op")
        chan = self.channel(op)
        for m in modes:
            op.ask("MODE %s %s" % (chan, m), "MODE", chan)
        return op, chan

    def enter(self, c, chan, num=None, key=""):
        got = c.answers(("JOIN %s %s" % (chan, key)).strip())
        if num is not None:
            self.assertEqual([(m.command, m.params[1]) for m in got], [(num, chan)])
        else:
            self.assertEqual(got[0].command, "JOIN", got)

    def say(self, c, chan, num=None, text="words", verb="PRIVMSG"):
        got = c.answers("%s %s :%s" % (verb, chan, text))
        self.assertEqual([(m.command, m.params[1]) for m in got], [(num, chan)] if num else [])

    # -- who comes in

    def test_ban(self):
        op, chan = self.open()
        bob = self.irc("bob", user="buser", real="Bob B. Real")
        for mask in (bob.nick, bob.nick.upper(), "*!buser@*", "*!~buser@*", "*!*@127.0.0.1", "127.0.0.0/8", "*!*@127.*",
                     "b*!b?ser@1*", "~r:bob?b.*real", "~r:*BOB*", "*"):
            self.assertEqual(op.ask("MODE %s +b %s" % (chan, mask), "MODE").params[1], "+b")
            self.enter(bob, chan, "474")
            op.ask("MODE %s -b %s" % (chan, mask), "MODE")
            self.enter(bob, chan)
            bob.ask("PART " + chan, "PART")
            op.sync()
        for mask in ("somebody", "*!other@*", "192.0.2.0/24", "~a:*", "~r:alice", "~m:*", "~m:~r:*", "b?b!*@*x"):
            op.ask("MODE %s +b %s" % (chan, mask), "MODE")
            self.enter(bob, chan)
            bob.ask("PART " + chan, "PART")
            op.sync()

    def test_exception(self):
        op, chan = self.open("+b *!*@127.0.0.1")
        bob, carol = self.irc("bob"), self.irc("carol", real="A Friend")
        op.ask("MODE %s +ee %s ~r:*friend*" % (chan, bob.nick), "MODE")
        self.enter(bob, chan)
        self.enter(carol, chan)
        self.say(bob, chan)
        self.enter(self.irc("dave"), chan, "474")
        op.ask("MODE %s -e %s" % (chan, bob.nick), "MODE")
        bob.sync()
        self.say(bob, chan, "404")

    def enter_again(self, c, chan):
        c.ask("PART " + chan, "PART")
        self.enter(c, chan)

    def test_invite_only(self):
        op, chan = self.open("+i")
        bob, carol = self.irc("bob"), self.irc("carol")
        self.enter(bob, chan, "473")
        op.ask("MODE %s +I %s" % (chan, bob.nick), "MODE")
        self.enter(bob, chan)
        self.enter(carol, chan, "473")
        op.ask("INVITE %s %s" % (carol.nick, chan), "341")
        self.enter(carol, chan)
        carol.ask("PART " + chan, "PART")
        self.enter(carol, chan, "473")

    def test_limit(self):
        op, chan = self.open("+l 2")
        bob, carol = self.irc("bob"), self.irc("carol")
        self.enter(bob, chan)
        self.enter(carol, chan, "471")
        bob.ask("PART " + chan, "PART")
        self.enter(carol, chan)

    def test_key(self):
        op, chan = self.open("+k w\u00f6rd")
        bob = self.irc("bob")
        for bad in ("", "word", "W\u00d6RD", "w\u00f6rd2", "*"):
            self.enter(bob, chan, "475", bad)
        self.enter(bob, chan, key="w\u00f6rd")

    def test_registered_only(self):
        op, chan = self.open("+R")
        bob = self.irc("bob")
        self.enter(bob, chan, "477")
        op.ask("MODE %s -R" % chan, "MODE")
        self.enter(bob, chan)

    def test_invitations(self):
        """One by those who keep order opens every door, one by others is but a message."""
        op, half, plain, bob = (self.irc(n) for n in ("op", "half", "plain", "bob"))
        chan = self.channel(op, half, plain)
        op.ask("MODE %s +hblk %s %s 3 key" % (chan, half.nick, bob.nick), "MODE")
        for c in (op, half, plain):
            c.sync()
        plain.ask("INVITE %s %s" % (bob.nick, chan), "341")
        bob.expect("INVITE", bob.nick, chan)
        self.assertEqual(self.commands(bob.answers("INVITE")), ["337"])
        self.enter(bob, chan, "474")
        half.ask("INVITE %s %s" % (bob.nick, chan), "341")
        bob.expect("INVITE", bob.nick, chan)
        self.assertEqual(self.commands(bob.answers("INVITE")), ["336", "337"])
        self.enter(bob, chan)

    # -- who may speak

    def test_moderated(self):
        op, half, voice, plain, out, chan = self.staff()
        self.mode(op, chan, "+m")
        for c in (op, half, voice, plain):
            c.sync()
        for c in (op, half, voice):
            self.say(c, chan)
        for c in (op, half, voice, plain):
            c.sync()
        for c in (plain, out):
            self.say(c, chan, "404")
            self.say(c, chan, None, verb="NOTICE")
        self.assertEqual(self.commands(op.sync()), [])
        self.mode(op, chan, "-m")
        plain.sync()
        self.say(plain, chan)
        self.assertEqual(op.expect("PRIVMSG").nick, plain.nick)

    def test_outside(self):
        op, chan = self.open()
        bob = self.irc("bob")
        self.say(bob, chan, "404")
        self.mode(op, chan, "-n")
        self.say(bob, chan)
        self.assertEqual(op.expect("PRIVMSG", chan, "words").nick, bob.nick)
        self.mode(op, chan, "+b " + bob.nick, "+b", bob.nick + "!*@*")
        self.say(bob, chan, "404")

    def test_registered_to_speak(self):
        op, chan = self.open("+M")
        bob = self.irc("bob")
        self.enter(bob, chan)
        self.say(bob, chan, "404")
        op.ask("MODE %s +v %s" % (chan, bob.nick), "MODE")
        bob.sync()
        self.say(bob, chan)
        self.say(op, chan)

    def test_ctcp(self):
        op, chan = self.open("+C")
        bob = self.irc("bob")
        self.enter(bob, chan)
        for c in (op, bob):
            c.sync()
            self.say(c, chan, "404", "\x01VERSION\x01")
            self.say(c, chan, "404", "\x01PING 1\x01")
            self.say(c, chan, None, "\x01VERSION x\x01", "NOTICE")
            self.say(c, chan, None, "\x01ACTION waves\x01")
            self.say(c, chan, None, "\x02bold\x02")
        self.assertFalse([m for m in op.seen + bob.seen if m.params and m.params[-1].startswith(("\x01V", "\x01P"))])
        for c in (op, bob):
            c.sync()
            self.assertEqual([m.params[1] for m in c.seen if m.is_("PRIVMSG", chan)],
                             ["\x01ACTION waves\x01", "\x02bold\x02"])

    def test_banned_and_muted(self):
        op, chan = self.open()
        bob = self.irc("bob", real="Bob Loud")
        self.enter(bob, chan)
        for mask in (bob.nick, "m:" + bob.nick, "~m:*!user@127.0.0.0/8", "~m:~r:*LOUD", "~m:*!~user@*"):
            shown = op.ask("MODE %s +b %s" % (chan, mask), "MODE").params[2]
            bob.sync()
            self.say(bob, chan, "404")
            self.say(bob, chan, "404", "\x01ACTION x\x01")
            op.ask("MODE %s +v %s" % (chan, bob.nick), "MODE")
            bob.sync()
            self.say(bob, chan)
            op.ask("MODE %s -v+e %s ~m:%s" % (chan, bob.nick, bob.nick), "MODE", chan, "-v+e")
            bob.sync()
            self.say(bob, chan, "404" if mask == bob.nick else None)
            op.ask("MODE %s -be %s ~m:%s" % (chan, shown, bob.nick), "MODE", chan, "-be")
            bob.sync()
            self.say(bob, chan)
        # one who may not speak may come in
        op.ask("MODE %s +b m:%s" % (chan, bob.nick), "MODE")
        self.enter_again(bob, chan)

    def test_muted_by_the_administrator(self):
        op, chan = self.open("+b nobody")
        bob = self.irc("bob")
        self.enter(bob, chan)
        self.d.ctl("mute", "add", bob.nick, "too loud")
        bob.sync()
        self.say(bob, chan, "404")
        self.assertEqual(bob.ask("PRIVMSG %s :x" % op.nick, "531").params[1:], [op.nick, "you are muted: too loud"])
        # why, and how long
        self.d.ctl("mute", "add", "--for", "90m", bob.nick, "flooding, again")
        told = re.compile(r"^you are muted until 20\d\d-\d\d-\d\d \d\d:\d\d UTC: flooding, again$")
        bob.ask("PRIVMSG %s :x" % chan, "404", None, chan, told)
        bob.ask("PRIVMSG %s :x" % op.nick, "531", None, op.nick, told)
        self.d.ctl("mute", "add", bob.nick)
        bob.ask("PRIVMSG %s :x" % chan, "404", None, chan, "you are muted")
        self.d.ctl("mute", "del", bob.nick)
        self.say(bob, chan)

    # -- the topic, and what is seen from outside

    def test_topic_lock(self):
        op, half, voice, plain, out, chan = self.staff()
        for c in (voice, plain):
            self.refused(c, "TOPIC %s :x" % chan, "482", chan)
        half.ask("TOPIC %s :by a halfop" % chan, "TOPIC", chan, "by a halfop")
        self.mode(op, chan, "-t")
        plain.sync()
        plain.ask("TOPIC %s :by anybody" % chan, "TOPIC", chan, "by anybody")
        self.refused(out, "TOPIC %s :x" % chan, "442", chan)

    def test_secret(self):
        op, bob, out = self.irc("op"), self.irc("bob"), self.irc("out")
        chan = self.channel(op, bob)
        op.ask("TOPIC %s :hush" % chan, "TOPIC")
        self.mode(op, chan, "+s")
        for line, want in (("NAMES " + chan, [("366", chan)]), ("LIST " + chan, [("321", None), ("323", None)]),
                           ("WHO " + chan, [("315", chan)]), ("TOPIC " + chan, [("403", chan)]),
                           ("MODE " + chan, [("403", chan)]), ("MODE %s b" % chan, [("403", chan)]),
                           ("MODE %s +i" % chan, [("403", chan)]), ("PART " + chan, [("403", chan)]),
                           ("KICK %s %s" % (chan, bob.nick), [("403", chan)]), ("PRIVMSG %s :x" % chan, [("403", chan)]),
                           ("INVITE %s %s" % (out.nick, chan), [("403", chan)]),
                           ("TOPIC %s :x" % chan, [("403", chan)]), ("RENAME %s #x" % chan, [("403", chan)])):
            got = out.answers(line)
            self.assertEqual(self.commands(got), [num for num, about in want], line)
            for m, (num, about) in zip(got, want):
                if about is not None:
                    self.assertEqual(m.params[1], about, line)
            # the same as of one that is not there
            other = out.answers(line.replace(chan, "#not-there-at-all"))
            self.assertEqual([m.line.replace(chan, "#not-there-at-all") for m in got], [m.line for m in other])
        self.assertNotIn(chan, [m.params[1] for m in out.answers("LIST") if m.command == "322"])
        self.assertIn(chan, [m.params[1] for m in bob.answers("LIST") if m.command == "322"])
        for asker, seen in ((out, False), (bob, True)):
            got = asker.answers("WHOIS " + op.nick)
            self.assertEqual(any(m.command == "319" and chan in m.params[2] for m in got), seen)
            got = asker.answers("WHO " + op.nick)
            self.assertEqual([m.params[1] == chan for m in got if m.command == "352"], [seen])
        self.assertEqual(bob.ask("NAMES " + chan, "353").params[1:3], ["@", chan])
        # who knows of it may come in
        self.enter(out, chan)

    def test_nick_of_the_banned(self):
        """The ban of a name is held against the name one has now."""
        op, chan = self.open()
        bob = self.irc("bob")
        self.enter(bob, chan)
        op.ask("MODE %s +b %s" % (chan, bob.nick), "MODE")
        bob.sync()
        self.say(bob, chan, "404")
        new = self.fresh("robert")
        bob.ask("NICK " + new, "NICK")
        bob.nick = new
        self.say(bob, chan)


class Picture(ModeCase):
    """What somebody knows of a room who has followed its events is what the server says of it."""

    WORDS = ("alice", "m:loud", "*!*@192.0.2.0/24", "~r:x*", "bad!mask!x", "~a:y", "b\u00f6b", "a b", ":c", "", "7", "0", "12")

    def change(self, rnd, people):
        letters, args = "", []
        for i in range(rnd.randrange(1, 7)):
            letters += rnd.choice("+-") + rnd.choice("ohvbeIkl" + FLAGS + "z\u00e9")
            if rnd.random() < 0.6:
                args.append(rnd.choice(self.WORDS + tuple(c.nick for c in people)))
        return "%s %s" % (letters, " ".join(a for a in args if a and a[0] != ":" and " " not in a))

    def line(self, rnd, chan, people):
        who = rnd.choice(people).nick
        kind = rnd.randrange(10)
        if kind == 0:
            return "JOIN %s %s" % (chan, rnd.choice(self.WORDS))
        if kind == 1:
            return rnd.choice(("PART %s", "MODE %s", "NAMES %s", "MODE %s b", "TOPIC %s :t", "WHO %s")) % chan
        if kind == 2:
            return rnd.choice(("KICK %s %s :x", "KICK %s %s,nobody")) % (chan, who)
        if kind == 3:
            return "INVITE %s %s" % (who, chan)
        return "MODE %s %s" % (chan, self.change(rnd, people))

    def follow(self, events, chan, state):
        for m in events:
            if m.is_("JOIN", chan):
                state["members"][m.nick] = set()
            elif m.is_("PART", chan):
                del state["members"][m.nick]
            elif m.is_("KICK", chan):
                del state["members"][m.params[1]]
            elif m.is_("MODE", chan):
                self.apply(m, state)

    def apply(self, m, state):
        args, on = list(m.params[2:]), True
        for letter in m.params[1]:
            if letter in "+-":
                on = letter == "+"
                continue
            arg = args.pop(0) if letter in "ohvbeIk" or (letter == "l" and on) else None
            into = state["members"][arg] if letter in "ohv" else state["lists"][letter] if letter in "beI" else state["modes"]
            what = arg if letter in "beI" else letter
            if letter == "l" and on:
                state["limit"] = arg
                into.discard(what)
            if letter != "k" or not on:
                self.assertEqual(what in into, not on, m)  # nothing is told that was so already
            (into.add if on else into.discard)(what)
        self.assertEqual(args, [])

    def test_random(self):
        self.random(random.Random(7), lambda boss, i: None)

    def test_random_while_brokers_are_killed(self):
        def kill(boss, i):
            if i % 60 == 30:
                boss.sync()
                self.d.kill_role("broker")

        self.random(random.Random(8), kill)

    def random(self, rnd, between):
        boss = self.irc("boss", ("multi-prefix",))
        people = [self.irc("p", LABELS) for _ in range(4)]
        chan = self.channel(boss, *people)
        boss.sync()
        state = {"members": {c.nick: set() for c in people}, "modes": set("nt"), "limit": None,
                 "lists": {letter: set() for letter in "beI"}}
        state["members"][boss.nick] = set("o")
        n, begun = 300, len(boss.seen)
        for i in range(n):
            for c in people:
                c.send("@label=%d %s" % (i, self.line(rnd, chan, people)))
            if i % 10 == 0:  # lest all of them are out, or have no rights
                who = rnd.choice(people).nick
                boss.send("MODE %s -ikmRsl *" % chan, "MODE %s +o-b+v-h %s alice %s %s" % (chan, who, who, who))
                for c in people:
                    boss.send("INVITE %s %s" % (c.nick, chan))
            between(boss, i)
        for c in people + [boss] + people:
            c.sync()
        for c in people:
            labels = [m.tags["label"] for m in c.seen if "label" in m.tags]
            self.assertEqual(labels, [str(i) for i in range(n)])
        self.follow(boss.seen[begun:], chan, state)
        m = boss.ask("MODE " + chan, "324")
        self.assertEqual(set(m.params[2][1:]), state["modes"])
        if "l" in state["modes"]:
            self.assertIn(state["limit"], m.params[3:])
        for letter in "beI":
            self.assertEqual(set(self.entries(boss, chan, letter)), state["lists"][letter])
        names = " ".join(m.params[3] for m in boss.answers("NAMES " + chan) if m.command == "353").split()
        self.assertEqual(sorted(names), sorted("".join(p for p, l in zip("@%+", "ohv") if l in ranks) + nick
                                               for nick, ranks in state["members"].items()))


if __name__ == "__main__":
    main()
