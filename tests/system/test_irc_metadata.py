#!/usr/bin/env python3
"""METADATA, as draft/metadata-3 and draft/metadata-2 have it."""

import socket
import subprocess

from harness import build, limit, main, merged
from irc import IrcCase

V3 = ("batch", "draft/metadata-3")
V2 = ("batch", "draft/metadata-2")


class MetadataCase(IrcCase):
    def batch(self, c, line, kind="metadata", target=None):
        """The messages in the batch that the line is answered by; nothing else may come."""
        c.sync()
        c.send(line)
        got = c.sync()
        self.assertTrue(got and got[0].command == "BATCH" and got[-1].command == "BATCH", (line, got))
        self.assertEqual(got[0].params[1:], [kind] + ([target] if target else []), line)
        ref = got[0].params[0][1:]
        self.assertEqual(got[-1].params, ["-" + ref])
        for m in got[1:-1]:
            self.assertEqual(m.tags.get("batch"), ref)
        return got[1:-1]

    def one(self, c, line):
        got = c.answers(line)
        self.assertEqual(len(got), 1, (line, got))
        return got[0]

    def show(self, messages):
        """Commands and params, without the receiver's name in numerics and without texts after ':' of errors."""
        return [(m.command, m.params[1:] if m.command.isdigit() else m.params) for m in messages]

    def set(self, c, target, key, value):
        m = self.one(c, "METADATA %s SET %s :%s" % (target, key, value))
        self.assertEqual(m.params, [c.nick, c.nick if target == "*" else target, key, "*", value])
        self.assertEqual(m.command, "761")

    def fails(self, c, line, *params, kind="FAIL"):
        m = self.one(c, line)
        self.assertEqual((m.command, m.params[:-1]), (kind, ["METADATA"] + list(params)), line)


class Both(MetadataCase):
    """What does not differ."""

    def test_capability(self):
        c = self.irc_raw()
        values = c.offered()
        self.assertEqual(values["draft/metadata-2"], "before-connect,max-subs=50,max-keys=25,max-value-bytes=300")
        self.assertEqual(values["draft/metadata-3"],
                         "before-connect,max-subs=50,max-keys=25,max-value-bytes=300,max-key-bytes=64")
        c.send("CAP REQ :draft/metadata-2 draft/metadata-3")
        c.expect("CAP", None, "NAK")
        c.send("CAP REQ :draft/metadata-2")
        c.expect("CAP", None, "ACK")
        c.send("CAP REQ :draft/metadata-3")
        c.expect("CAP", None, "NAK")
        c.send("CAP REQ :draft/metadata-3 -draft/metadata-2")
        c.expect("CAP", None, "ACK")

    def test_set_get_list_clear(self):
        for caps in (V2, V3):
            c = self.irc("al", caps)
            self.assertEqual(self.batch(c, "METADATA * LIST", target=c.nick), [])
            self.set(c, "*", "url", "http://example.org/ with spaces")
            self.set(c, c.nick, "a.b/c_d-9", "->\U0001f49c<-")
            self.set(c, "*", "url", "another")
            got = self.batch(c, "METADATA * GET url nothing a.b/c_d-9 Bad!", target=c.nick)
            want = [("761", [c.nick, "url", "*", "another"]), ("766", [c.nick, "nothing", "Key not set"]),
                    ("761", [c.nick, "a.b/c_d-9", "*", "->\U0001f49c<-"])]
            self.assertEqual(self.show(got[:3]), want)
            self.assertEqual((got[3].command, got[3].params[:3]),
                             ("FAIL", ["METADATA", "KEY_INVALID", "Bad!"]) if caps == V2 else
                             ("WARN", ["METADATA", "INVALID_KEY", "Bad!"]))
            other = self.irc("bo", caps)
            got = self.batch(other, "METADATA %s LIST" % c.nick.upper(), target=c.nick)
            self.assertEqual(sorted(m.params[2] for m in got), ["a.b/c_d-9", "url"])
            got = self.batch(c, "METADATA * CLEAR", target=c.nick)
            self.assertEqual({m.command for m in got}, {"766"})
            self.assertEqual(sorted(m.params[2] for m in got), ["a.b/c_d-9", "url"])
            self.assertEqual(self.batch(c, "METADATA * LIST", target=c.nick), [])
            self.assertEqual(self.batch(c, "METADATA * CLEAR", target=c.nick), [])

    def test_delete(self):
        for caps in (V2, V3, ()):
            c = self.irc("al", caps)
            self.set(c, "*", "url", "x")
            m = self.one(c, "METADATA * SET url")
            self.assertEqual((m.command, m.params[:3]), ("766", [c.nick, c.nick, "url"]))
            if caps == V2:
                self.fails(c, "METADATA * SET url", "KEY_NOT_SET", "*", "url")
                self.set(c, "*", "url", "")
            else:
                m = self.one(c, "METADATA * SET url")
                self.assertEqual((m.command, m.params[:3]), ("766", [c.nick, c.nick, "url"]))
                self.set(c, "*", "url", "y")
                self.assertEqual(self.one(c, "METADATA * SET url :").command, "766")

    def test_targets(self):
        for caps in (V2, V3):
            c, d = self.irc("al", caps), self.irc("bo", caps)
            for target in ("nobody-here", "#nowhere", "bad!name", "#", "$a:user"):
                for rest in ("GET url", "LIST", "SET url :x", "SET url", "CLEAR", "SYNC"):
                    self.fails(c, "METADATA %s %s" % (target, rest), "INVALID_TARGET", target)
            for rest in ("SUB url", "UNSUB url", "SUBS"):
                self.fails(c, "METADATA %s %s" % (d.nick, rest), "INVALID_TARGET", d.nick)
            self.fails(c, "METADATA %s SET url :x" % d.nick, "KEY_NO_PERMISSION", d.nick, "url")
            self.fails(c, "METADATA %s CLEAR" % d.nick, "KEY_NO_PERMISSION", d.nick, "*")
            self.assertEqual(d.sync(), [])

    def test_rooms(self):
        for caps in (V2, V3):
            op, bob, eve = self.irc("op", caps), self.irc("bob", caps), self.irc("eve", caps)
            chan = self.channel(op, bob)
            self.set(op, chan, "url", "http://x")
            self.fails(bob, "METADATA %s SET url :y" % chan, "KEY_NO_PERMISSION", chan, "url")
            self.fails(bob, "METADATA %s CLEAR" % chan, "KEY_NO_PERMISSION", chan, "*")
            self.fails(eve, "METADATA %s SET url :y" % chan, "KEY_NO_PERMISSION", chan, "url")
            op.ask("MODE %s +h %s" % (chan, bob.nick), "MODE")
            bob.expect("MODE")
            self.fails(bob, "METADATA %s SET url :y" % chan, "KEY_NO_PERMISSION", chan, "url")
            for c in (bob, eve):
                got = self.batch(c, "METADATA %s GET url" % chan.upper(), target=chan)
                self.assertEqual(self.show(got), [("761", [chan, "url", "*", "http://x"])])
            for closed, opened in (("+i", "-i"), ("+k word", "-k word")):
                op.ask("MODE %s %s" % (chan, closed), "MODE")
                for what in ("GET url", "LIST", "SYNC"):
                    self.fails(eve, "METADATA %s %s" % (chan, what), "INVALID_TARGET", chan)
                self.assertEqual(len(self.batch(bob, "METADATA %s LIST" % chan, target=chan)), 1)
                op.ask("MODE %s %s" % (chan, opened), "MODE")
            op.ask("MODE %s +s" % chan, "MODE")
            self.fails(eve, "METADATA %s GET url" % chan, "INVALID_TARGET", chan)
            self.fails(eve, "METADATA %s SET url :y" % chan, "INVALID_TARGET", chan)
            self.assertEqual(len(self.batch(op, "METADATA %s CLEAR" % chan, target=chan)), 1)

    def test_keys_and_values(self):
        for caps, key_code, value_code in ((V2, "KEY_INVALID", "VALUE_INVALID"), (V3, "INVALID_KEY", "INVALID_VALUE")):
            c = self.irc("al", caps)
            for key in ("Upper", "a:b", "$x$", "k\u00e9y", "x" * 65):
                self.fails(c, "METADATA * SET %s :v" % key, key_code, key)
            self.fails(c, "METADATA * SET :with space", key_code, "*")
            self.set(c, "*", "x" * 64, "v")
            self.set(c, "*", "long", "v" * 300)
            self.set(c, "*", "long", "\U0001f49c" * 75)
            context = [] if caps == V2 else ["long"]
            self.fails(c, "METADATA * SET long :" + "v" * 301, value_code, *context)
            self.fails(c, "METADATA * SET long :" + "\U0001f49c" * 76, value_code, *context)
            c.send(b"METADATA * SET long :bad\xc3utf8")
            self.assertTrue(c.expect("FAIL").is_("FAIL", "METADATA", "INVALID_UTF8"))
            got = self.batch(c, "METADATA * GET long", target=c.nick)
            self.assertEqual(got[0].params[-1], "\U0001f49c" * 75)
            for m in c.seen:
                self.assertLessEqual(len(m.line.encode()), 510 + 20)

    def test_key_limit(self):
        for caps, limit in ((V2, []), (V3, ["25"])):
            c = self.irc("al", caps)
            for i in range(25):
                self.set(c, "*", "k%d" % i, "v")
            self.fails(c, "METADATA * SET k25 :v", "LIMIT_REACHED", "*", *limit)
            self.set(c, "*", "k7", "w")
            self.one(c, "METADATA * SET k3")
            self.set(c, "*", "k25", "v")
            self.assertEqual(len(self.batch(c, "METADATA * LIST", target=c.nick)), 25)

    def test_subscriptions(self):
        for caps in (V2, V3):
            c = self.irc("al", caps)
            bad = (("FAIL", "KEY_INVALID") if caps == V2 else ("WARN", "INVALID_KEY"))
            self.assertEqual(self.batch(c, "METADATA * SUBS", "metadata-subs"), [])
            got = c.answers("METADATA * SUB url Bad avatar url")
            self.assertEqual((got[0].command, got[0].params[:3]), (bad[0], ["METADATA", bad[1], "Bad"]))
            self.assertEqual(self.show(got[1:2]), [("770", ["url", "avatar", "url"])])
            # nobody is in sight
            self.assertEqual([(m.command, m.params[1:3]) for m in got[2:]], [] if caps == V2 else [("774", ["*ALL", "5"])])
            # nothing new
            self.assertEqual(self.commands(c.answers("METADATA %s SUB url" % c.nick)), ["770"])
            got = self.batch(c, "METADATA * SUBS", "metadata-subs")
            self.assertEqual(self.show(got), [("772", ["url", "avatar"])])
            got = c.answers("METADATA * UNSUB url never UP")
            self.assertEqual((got[0].command, got[0].params[2]), (bad[0], "UP"))
            self.assertEqual(self.show(got[1:]), [("771", ["url", "never"])])
            self.assertEqual(self.show(self.batch(c, "METADATA * SUBS", "metadata-subs")), [("772", ["avatar"])])
            # they go with the capability
            c.ask("CAP REQ :-batch", "CAP", None, "ACK")
            c.ask("CAP REQ :batch", "CAP", None, "ACK")
            self.assertEqual(self.batch(c, "METADATA * SUBS", "metadata-subs"), [])

    def test_subscription_limit(self):
        for caps, code in ((V2, ["TOO_MANY_SUBS", "more"]), (V3, ["LIMIT_REACHED", "more", "50"])):
            c = self.irc("al", caps)
            keys = ["k%d-%s" % (i, "x" * 40) for i in range(49)]
            for i in range(0, 49, 7):
                c.send("METADATA * SUB " + " ".join(keys[i:i + 7]))
            c.sync()
            got = c.answers("METADATA * SUB last more k1 evenmore")
            fail = [m for m in got if m.command == "FAIL"]
            self.assertEqual([m.params[:-1] for m in fail], [["METADATA"] + code])
            self.assertEqual([m.params[1:] for m in got if m.command == "770"], [["last"]])
            got = self.batch(c, "METADATA * SUBS", "metadata-subs")
            self.assertEqual([k for m in got for k in m.params[1:]], keys + ["last"])
            self.assertGreater(len(got), 3)

    def test_who_is_told(self):
        for caps, told in ((V2, True), (V3, False)):
            al, bo, eve, out = [self.irc(n, caps) for n in ("al", "bo", "eve", "out")]
            plain = self.irc("plain", ("batch",))
            for c in (al, bo, eve, out, plain):
                c.send("METADATA * SUB url status")
            chan, two = self.channel(al, bo, eve, plain), self.channel(bo, al)
            eve.send("METADATA * UNSUB status")
            watcher = self.irc("watcher", caps)
            watcher.send("METADATA * SUB status", "MONITOR + " + al.nick)
            everybody = (al, bo, eve, out, plain, watcher)
            for c in everybody:
                c.sync()

            def news(c):
                return [m.params if m.command == "METADATA" else (m.params[1:] if m.command in ("761", "766") else m.line)
                        for m in c.sync()]

            self.set(al, "*", "status", "busy now")
            want = [al.nick, "status", "*", "busy now"]
            self.assertEqual([news(c) for c in everybody], [[], [want], [], [], [], [want]])
            self.one(al, "METADATA * SET status")
            want = [al.nick, "status", "*"] if told else [al.nick, "status", "Key not set"]
            self.assertEqual([news(c) for c in everybody], [[], [want], [], [], [], [want]])
            # a room's: those in it
            self.set(al, chan, "url", "http://x")
            want = [chan, "url", "*", "http://x"]
            self.assertEqual([news(c) for c in everybody], [[], [want], [want], [], [], []])
            self.set(al, "*", "url", "mine")
            self.set(al, "*", "status", "free")
            for c in everybody:
                c.sync()
            al.send("METADATA * CLEAR")
            al.sync()
            gone = ["*"] if told else ["Key not set"]
            self.assertEqual(sorted(news(bo)), [[al.nick, "status"] + gone, [al.nick, "url"] + gone])
            self.assertEqual(news(eve), [[al.nick, "url"] + gone])
            self.assertEqual(news(watcher), [[al.nick, "status"] + gone])
            # telnet users are in the way of nobody
            tom = self.client("tom")
            tom.send("/join " + two[1:])
            al.expect("JOIN", two)
            self.set(al, "*", "url", "again")
            self.assertEqual(news(bo)[-1:], [[al.nick, "url", "*", "again"]])

    def test_sync(self):
        for caps, verb in ((V2, "METADATA"), (V3, "761")):
            al, bo, eve = [self.irc(n, caps) for n in ("al", "bo", "eve")]
            chan = self.channel(al, bo)
            self.set(al, chan, "url", "room's")
            self.set(al, "*", "url", "al's")
            self.set(al, "*", "other", "hidden")
            self.set(bo, "*", "status", "bo's")
            self.assertEqual(self.batch(eve, "METADATA %s SYNC" % al.nick, target=al.nick), [])
            eve.send("METADATA * SUB url status")

            def values(messages):
                self.assertEqual({m.command for m in messages} | {verb}, {verb})
                return [tuple(m.params[-4:]) for m in messages]

            self.assertEqual(values(self.batch(eve, "METADATA %s SYNC" % al.nick, target=al.nick)),
                             [(al.nick, "url", "*", "al's")])
            # of a room that one is not in only its own
            self.assertEqual(values(self.batch(eve, "METADATA %s SYNC" % chan, target=chan)),
                             [(chan, "url", "*", "room's")])
            eve.send("JOIN " + chan)
            got = eve.sync()
            at = [i for i, m in enumerate(got) if m.command == "366"][0]
            self.assertEqual((got[at + 1].command, got[at + 1].params[1:]), ("BATCH", ["metadata", chan]))
            everything = [(chan, "url", "*", "room's"), (al.nick, "url", "*", "al's"), (bo.nick, "status", "*", "bo's")]
            self.assertEqual(values(got[at + 2:-1]), everything)
            self.assertEqual(values(self.batch(eve, "METADATA %s SYNC" % chan, target=chan)), everything)
            # each once, though they share two rooms, and one is watched
            self.channel(eve, al)
            self.set(eve, "*", "url", "eve's")
            eve.send("MONITOR + %s,%s" % (al.nick, bo.nick))
            self.assertEqual(sorted(values(self.batch(eve, "METADATA *ALL SYNC", target="*ALL"))),
                             sorted(everything + [(eve.nick, "url", "*", "eve's")]))
            # what is new to the subscriptions only
            got = [m for m in eve.answers("METADATA * SUB other url") if m.command != "770"]
            self.assertEqual(got[0].params[1:], ["metadata", "*ALL"])
            self.assertEqual(values(got[1:-1]), [(al.nick, "other", "*", "hidden")])

    def test_join_without_names(self):
        for caps in (V2, V3):
            al, eve = self.irc("al", caps), self.irc("eve", caps + ("draft/no-implicit-names",))
            chan = self.channel(al)
            self.set(al, chan, "url", "x")
            eve.send("METADATA * SUB url")
            eve.sync()
            got = eve.answers("JOIN %s,%s" % (chan, "#" + self.fresh("empty")))
            self.assertEqual(self.commands(got), ["JOIN", "JOIN", "BATCH", "METADATA" if caps == V2 else "761", "BATCH"] +
                             ([] if caps == V2 else ["BATCH", "BATCH"]))

    def test_watched(self):
        for caps, verb in ((V2, "METADATA"), (V3, "761")):
            al, eve = self.irc("al", caps), self.irc("eve", caps)
            self.set(al, "*", "url", "x")
            eve.send("METADATA * SUB url")
            eve.sync()
            got = eve.answers("MONITOR + %s,nobody-here" % al.nick)
            self.assertEqual(self.commands(got), ["730", "731", "BATCH", verb, "BATCH"])
            self.assertEqual(got[2].params[1:], ["metadata", al.nick])
            al.send("QUIT")
            eve.expect("731")
            c = self.irc_raw()
            c.send("CAP REQ :batch draft/metadata-3", "METADATA * SET url :y", "NICK " + al.nick, "USER u 0 * :r",
                   "CAP END")
            eve.expect("730")
            # at the latest when it was set
            end = eve.expect(verb)
            self.assertEqual(end.params[-4:], [al.nick, "url", "*", "y"])

    def test_labels(self):
        for caps in (V2, V3):
            c = self.irc("al", caps + ("labeled-response",))
            m = self.one(c, "@label=a METADATA * SET url :x")
            self.assertEqual(m.tags, {"label": "a"})
            got = c.answers("@label=b METADATA * GET url none")
            self.assertEqual((got[0].tags, got[0].params[1:]), ({"label": "b"}, ["metadata", c.nick]))
            self.assertEqual([m.tags for m in got[1:3]], [{"batch": got[0].params[0][1:]}] * 2)
            got = c.answers("@label=c METADATA * SUB url")
            self.assertEqual((got[0].params[1], got[0].tags), ("labeled-response", {"label": "c"}))
            outer = {"batch": got[0].params[0][1:]}
            self.assertEqual(self.commands(got), ["BATCH", "770", "BATCH", "METADATA" if caps == V2 else "761", "BATCH",
                                                  "BATCH"])
            self.assertEqual([m.tags for m in got[1:3]], [outer, outer])
            self.assertEqual(got[3].tags, {"batch": got[2].params[0][1:]})
            self.fails(c, "@label=d METADATA nobody SET url :x", "INVALID_TARGET", "nobody")
            # news are nobody's answer
            d = self.irc("bo", caps)
            self.channel(c, d)
            self.set(d, "*", "url", "y")
            self.assertEqual([m.tags for m in c.sync()], [{}])

    def test_parameters(self):
        for caps in (V2, V3):
            c = self.irc("al", caps)
            self.fails(c, "METADATA", "INVALID_PARAMS", "*")
            self.fails(c, "METADATA *", "INVALID_PARAMS", "*")
            for sub in ("GET", "SET", "SUB", "UNSUB"):
                self.fails(c, "METADATA * " + sub, "INVALID_PARAMS", sub)
            for rest in ("LIST x", "CLEAR x", "SUBS x", "SYNC x", "SET a b c"):
                self.fails(c, "METADATA * " + rest, "INVALID_PARAMS", rest.split()[0])
            code = "SUBCOMMAND_INVALID" if caps == V2 else "INVALID_PARAMS"
            self.fails(c, "METADATA * SNEEZE", code, "SNEEZE")
            self.fails(c, "METADATA * :: hi!", code, "*")
            self.assertEqual(self.one(c, "metadata * set url :x").command, "761")

    def test_without_capabilities(self):
        """It can be asked for, in lines of their own; nothing comes unasked."""
        c, d = self.irc("al"), self.irc("bo")
        chan = self.channel(c, d)
        self.set(c, "*", "url", "x")
        self.set(c, chan, "url", "y")
        self.assertEqual(self.commands(d.answers("METADATA * SUB url")), ["770", "761", "761"])
        self.assertEqual(self.commands(d.answers("METADATA %s GET url a b" % c.nick)), ["761", "766", "766"])
        self.set(c, "*", "url", "z")
        self.assertEqual(d.sync(), [])

    def test_before_login(self):
        for caps, verb in ((V2, "METADATA"), (V3, "761")):
            c = self.irc_raw()
            nick = self.fresh("early")
            c.send("CAP LS 302", "NICK " + nick, "CAP REQ :" + " ".join(caps))
            c.expect("CAP", None, "ACK")
            c.send("METADATA * SET url :x", "METADATA * SET gone :x", "METADATA * SET gone", "METADATA * GET url gone")
            got = [c.next() for _ in range(7)]
            self.assertEqual([(m.command, m.params[1:3]) for m in got],
                             [("761", ["*", "url"]), ("761", ["*", "gone"]), ("766", ["*", "gone"]),
                              ("BATCH", ["metadata", "*"]), ("761", ["*", "url"]), ("766", ["*", "gone"]),
                              ("BATCH", [])])
            c.send("METADATA * SUB status url", "METADATA %s SET url :y" % nick, "METADATA #x LIST")
            self.assertEqual(c.next().params[1:], ["status", "url"])
            for target in (nick, "#x"):
                self.assertTrue(c.next().is_("FAIL", "METADATA", "INVALID_TARGET", target))
            c.send("USER u 0 * :r", "CAP END")
            burst = c.until(lambda m: m.command in ("376", "422"))
            at = [i for i, m in enumerate(burst) if m.command == "BATCH" and m.params[1:] == ["metadata", nick]]
            self.assertEqual(len(at), 1)
            self.assertEqual([(m.command, m.params[-4:]) for m in burst[at[0] + 1:at[0] + 2]],
                             [(verb, [nick, "url", "*", "x"])])
            c.nick = nick
            self.assertEqual(c.sync(), [])
            other = self.irc("bo", caps)
            got = self.batch(other, "METADATA %s LIST" % nick, target=nick)
            self.assertEqual(self.show(got), [("761", [nick, "url", "*", "x"])])
            self.assertEqual(self.show(self.batch(c, "METADATA * SUBS", "metadata-subs")), [("772", ["status", "url"])])
            # and one who has set nothing is told so
            self.assertEqual([m.params[1:] for m in other.welcome if m.command == "BATCH"], [["metadata", other.nick], []])

    def test_end_and_rename(self):
        c, d = self.irc("al", V3), self.irc("bo", V3)
        self.set(c, "*", "url", "x")
        now = self.fresh("new")
        c.ask("NICK " + now, "NICK", now)
        c.nick = now
        self.assertEqual(len(self.batch(d, "METADATA %s LIST" % now, target=now)), 1)
        c.send("QUIT")
        c.expect_eof()
        c = self.irc(now, V3, exact=True)
        self.assertEqual(self.batch(d, "METADATA %s LIST" % now, target=now), [])


class Operators(MetadataCase):
    @classmethod
    def setUpClass(cls):
        r = subprocess.run([build().program("tools/chatctl"), "mkpasswd"], input=b"word", stdout=subprocess.PIPE,
                           timeout=limit(20), check=True)
        block = {"name": "op", "password": r.stdout.decode().strip(), "level": "operate"}
        cls.config = merged(cls.config, {"operators": [block]})
        super().setUpClass()

    def test_others_keys(self):
        root, bob, eve = [self.irc(n, V3) for n in ("root", "bob", "eve")]
        chan = self.channel(bob, eve)
        mark = self.d.log_mark()
        log = lambda what: self.d.expect_log(r"oper op \(user %s,.*\): metadata of %s$" % (root.nick, what), mark)
        self.fails(root, "METADATA %s SET url :x" % bob.nick, "KEY_NO_PERMISSION", bob.nick, "url")
        root.ask("OPER op word", "381")
        for c in (bob, eve):
            c.send("METADATA * SUB url")
            c.sync()
        self.set(root, bob.nick, "url", "x")
        # the one whose it is is told as well: it was not its doing
        self.assertEqual([self.show(c.sync()) for c in (bob, eve)], [[("761", [bob.nick, "url", "*", "x"])]] * 2)
        log(r"user %s: \+url x" % bob.nick)
        self.set(root, chan, "url", "y")
        self.assertEqual([self.show(c.sync()) for c in (bob, eve)], [[("761", [chan, "url", "*", "y"])]] * 2)
        log(r"room %s: \+url y" % chan[1:])
        self.one(root, "METADATA %s SET url" % chan)
        log("room %s: -url" % chan[1:])
        bob.sync()
        self.assertEqual(len(self.batch(root, "METADATA %s CLEAR" % bob.nick, target=bob.nick)), 1)
        self.assertEqual(self.show(bob.sync()), [("766", [bob.nick, "url", "Key not set"])])
        log("user %s: cleared" % bob.nick)

    def test_own_keys_are_not_in_the_log(self):
        root, bob = self.irc("root", V3), self.irc("bob", V3)
        root.ask("OPER op word", "381")
        own = self.channel(root, bob)
        mark = self.d.log_mark()
        self.set(root, "*", "url", "x")
        self.set(root, own, "url", "y")
        self.set(root, bob.nick, "url", "z")  # its line comes behind those that must not be there
        self.d.expect_log(r"metadata of user %s: \+url z$" % bob.nick, mark)
        self.assertEqual(len([line for line in self.d.lines[mark:] if "metadata of" in line]), 1)


class Huge(MetadataCase):
    """A client that reads slowly is served as fast as it reads, within its queue, and nobody else waits."""
    config = merged(MetadataCase.config, {"limits": {"line_rate": 0, "queue": 131072, "max_per_address": 0}})
    PEOPLE, KEYS = 60, 25

    def test_room(self):
        people = [self.irc("m", V3) for _ in range(self.PEOPLE)]
        chan = "#" + self.fresh("huge")
        for c in people:
            c.send("JOIN " + chan, *["METADATA * SET k%d :%s" % (k, "v" * 290) for k in range(self.KEYS)])
            c.sync()
        slow = self.irc("slow", V3)
        for i in range(0, self.KEYS, 5):
            slow.send("METADATA * SUB " + " ".join("k%d" % k for k in range(i, i + 5)))
        slow.sync()
        slow.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        slow.send("JOIN " + chan, "METADATA %s SYNC" % chan, "METADATA *ALL SYNC")
        for c in people:  # the others go on while nothing of that is read
            c.ask("METADATA * GET k0", "761")
        for _ in range(3):
            got = slow.until(lambda m: m.command == "BATCH" and m.params[0][0] == "-")
            self.assertEqual(len([m for m in got if m.command == "761"]), self.PEOPLE * self.KEYS)
        self.assertEqual(slow.sync(), [])


class Restart(MetadataCase):
    def test_broker(self):
        """What was set is still there, and every change told once, whenever the broker dies."""
        al, bo, eve = self.irc("al", V3), self.irc("bo", V3), self.irc("eve")
        chan = self.channel(al, bo)
        bo.send("METADATA * SUB n url")
        bo.sync()
        for i in range(12):
            if i % 3 == 0:
                eve.sync()  # there is a broker
            al.send("METADATA * SET n :%d" % i)
            if i % 4 == 0:
                al.send("METADATA %s SET url :%d" % (chan, i))
            if i % 3 == 0:
                self.d.kill_role("broker")
        al.sync()
        got = [(m.params[1], m.params[-1]) for m in bo.sync() if m.command == "761"]
        self.assertEqual([v for t, v in got if t == al.nick], [str(i) for i in range(12)])
        self.assertEqual([v for t, v in got if t == chan], ["0", "4", "8"])
        self.assertEqual(self.show(self.batch(bo, "METADATA %s LIST" % al.nick, target=al.nick)),
                         [("761", [al.nick, "n", "*", "11"])])


if __name__ == "__main__":
    main()
