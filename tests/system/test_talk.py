#!/usr/bin/env python3
"""What people say to each other: lines, direct messages, formats, echo, paste, away, ignore."""

import re

from harness import Case, main


class Talk(Case):
    def test_line(self):
        alice, bob, carol = self.clients("alice", "bob", "carol")
        alice.send("hello")
        bob.line("%s: hello" % alice.name)
        carol.line("%s: hello" % alice.name)
        self.assertNotIn("hello", alice.sync(), "own lines are not echoed")

    def test_empty_lines_say_nothing(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("", "   ", "", "x")
        self.assertEqual(bob.expect("^%s: ?(.*)$" % alice.name).group(1), "x")

    def test_text_stays_as_it_is(self):
        alice, bob = self.clients("alice", "bob")
        for text in ("  two spaces  inside", "tschüß, 你好 👩‍👩‍👧", 'quotes " and \' and \\', "%s %d %n %%", "a:b",
                     "ends with backslash\\", "<b>bold</b>", "x" * 2000, "é", "100%"):
            with self.subTest(text[:30]):
                alice.send(text)
                self.assertEqual(bob.expect("^%s: (.*)$" % alice.name).group(1).strip(), text.strip())

    def test_direct(self):
        alice, bob, carol = self.clients("alice", "bob", "carol")
        for line, text in (("hello@%s" % bob.name, "hello"), ("/msg %s how are you" % bob.name, "how are you"),
                           ("two words@%s" % bob.name.upper(), "two words"), ("mail a@b.com@%s" % bob.name, "mail a@b.com"),
                           ("spaces behind@%s  " % bob.name, "spaces behind"), ("a@b@c@%s" % bob.name, "a@b@c")):
            with self.subTest(line):
                alice.send(line)
                bob.line('%s sent you "%s"' % (alice.name, text))
        self.assertNotIn("alice", carol.sync())

    def test_fail_closed(self):
        """A private line to somebody who is not here is never published."""
        alice, bob = self.clients("alice", "bob")
        for line in ("secret@nobody", "secret to@Ghost", "secret@a_b", "secret@x", "secret@Zoë", "secret@[guest]",
                     "secret@%s" % ("y" * 32), "a secret@b secret@nobody"):
            with self.subTest(line):
                alice.send(line)
                alice.expect(re.escape("Couldn't send message :("))
        gone = self.client("gone")
        gone.send("/quit")
        gone.expect_eof()
        alice.send("secret@%s" % gone.name)
        alice.expect(re.escape("Couldn't send message :("))
        self.assertNotIn("secret", bob.sync())

    def test_at_that_is_text(self):
        alice, bob = self.clients("alice", "bob")
        for line, text in (("5 @ noon", None), ("me@example.com", None), ("write to me@example.com today", None),
                           ("a@b c", None), ("@", None), ("end@", None), ("x@1st", None), ("look: a@b.", None),
                           (r"literal\@%s" % bob.name, "literal@%s" % bob.name), (r"\@", "@"),
                           ("/say a@%s" % bob.name, "a@%s" % bob.name)):
            with self.subTest(line):
                alice.send(line)
                bob.line("%s: %s" % (alice.name, text or line))

    def test_escape_inside_direct(self):
        alice, bob = self.clients("alice", "bob")
        alice.send(r"mail me\@home@%s" % bob.name)
        bob.line('%s sent you "mail me@home"' % alice.name)

    def test_server_is_nobody(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("hello there@Server")
        alice.expect(re.escape("Couldn't send message :("))
        self.assertNotIn("hello there", bob.sync())

    def test_formats(self):
        alice, bob = self.clients("alice", "bob")
        want = {"colon": "{0}: {1}", "angle": "<{0}> {1}", "arrow": "{0} > {1}", "quote": '{0} sent you "{1}"',
                "client": "Client: {1}"}
        for n, (name, look) in enumerate(want.items()):
            with self.subTest(name):
                bob.ask("/format " + name, "look like")
                alice.send("text %d" % n)
                bob.line(look.format(alice.name, "text %d" % n))
        bob.ask("/format client", "look like")
        self.d.ctl("say", "lobby", "from the console")
        bob.line("Server: from the console")
        bob.send("/format")
        for name in want:
            bob.expect(r"\b%s\b" % name)
        bob.ask("/format nonsense", "(?i)no such")

    def test_echo(self):
        alice, bob = self.clients("alice", "bob")
        alice.ask("/echo on", "on")
        alice.send("to myself")
        alice.line("%s: to myself" % alice.name)
        bob.line("%s: to myself" % alice.name)
        alice.ask("/echo off", "off")
        alice.send("not to myself")
        bob.line("%s: not to myself" % alice.name)
        self.assertNotIn("not to myself", alice.sync())

    def test_ack(self):
        alice, bob = self.clients("alice", "bob")
        alice.ask("/ack on", "on")
        alice.send("hello")
        alice.line("message has been sent..")
        alice.send("hi@%s" % bob.name)
        alice.line("message has been sent..")
        alice.send("hi@nobody")
        alice.expect(re.escape("Couldn't send message :("))
        alice.ask("/ack off", "off")
        alice.send("quiet")
        self.assertNotIn("has been sent", alice.sync())
        # An ack says that all have been queued: whoever asks now finds it before the answer.
        alice.ask("/ack on", "on")
        for i in range(50):
            alice.send("number %d" % i)
            alice.line("message has been sent..")
            bob.send("/who")
            bob.line("%s: number %d" % (alice.name, i))

    def test_me(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("/me waves")
        bob.line("* %s waves" % alice.name)

    def test_paste(self):
        alice, bob, carol = self.clients("alice", "bob", "carol")
        alice.ask("/paste", "(?i)single \\.")
        before = self.d.stats()["messages_accepted_total"]
        alice.send("first line", "", "/quit is only text here", "me@%s too" % bob.name, "..", "last", ".")
        for c in (bob, carol):
            c.line("%s: first line" % alice.name)
            lines = [c.expect("").string for _ in range(5)]
            self.assertEqual([l.strip() for l in lines],
                             ["", "/quit is only text here", "me@%s too" % bob.name, "..", "last"])
        self.assertEqual(self.d.stats()["messages_accepted_total"] - before, 1, "one message")
        # nothing gets in between the lines of one message
        alice.send("/paste", *["line %d" % i for i in range(64)], ".")
        for i in range(40):
            carol.send("noise %d" % i)
        bob.line("%s: line 0" % alice.name)
        for i in range(1, 64):
            self.assertEqual(bob.expect("").string.strip(), "line %d" % i)

    def test_paste_limits(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("/paste", *["l%d" % i for i in range(70)], ".")
        alice.expect("(?i)64|too|not sent|most")
        self.assertNotIn("l69", bob.sync())
        alice.sync()
        alice.send("/paste", *["y" * 4000 for _ in range(5)], ".")
        alice.expect("(?i)16|too|not sent|most")
        alice.send("/paste", ".")
        alice.sync()
        self.assertNotIn("yyyy", bob.sync())
        alice.send("still here")
        bob.line("%s: still here" % alice.name)

    def test_paste_cut_off(self):
        alice, bob = self.clients("alice", "bob")
        alice.send("/paste", "half a message")
        alice.close()
        bob.expect("^%s has left" % alice.name)
        self.assertNotIn("half a message", bob.text.decode())

    def test_away(self):
        alice, bob = self.clients("alice", "bob")
        alice.ask("/away back at two", "(?i)away")
        bob.send("are you there?@%s" % alice.name)
        alice.line('%s sent you "are you there?"' % bob.name)
        bob.expect("%s is away: back at two" % alice.name)
        bob.ask("/whois %s" % alice.name, "back at two")
        self.assertEqual(self.d.json("user", alice.name)["away"], "back at two")
        alice.ask("/away", "(?i)back")
        self.assertFalse(self.d.json("user", alice.name)["away"])

    def test_ignore(self):
        alice, bob, carol = self.clients("alice", "bob", "carol")
        alice.ask("/ignore %s" % bob.name.upper(), "(?i)ignore")
        bob.send("one")
        bob.send("two@%s" % alice.name)
        bob.sync()
        carol.send("three")
        alice.line("%s: three" % carol.name)
        self.assertNotRegex(alice.text.decode(), "%s: one|sent you \"two" % bob.name)
        alice.ask("/ignore", bob.name.upper())
        alice.ask("/ignore %s" % bob.name, "(?i)no longer")
        bob.send("four")
        alice.line("%s: four" % bob.name)

    def test_time(self):
        alice, bob = self.clients("alice", "bob")
        bob.ask("/time on", "on")
        alice.send("late")
        bob.expect(r"^\d\d:\d\d %s: late$" % alice.name)
        bob.ask("/time off", "off")
        alice.send("later")
        bob.line("%s: later" % alice.name)

    def test_color(self):
        alice, bob, carol = self.clients("alice", "bob", "carol")
        bob.ask("/color on", "on")
        alice.send("bright")
        self.assertIn("\x1b[", bob.expect("bright").string)
        self.assertNotIn("\x1b", carol.expect("bright").string)

    def test_rename(self):
        alice, bob = self.clients("alice", "bob")
        old, new = alice.name, self.fresh("alicia")
        alice.send("/nick " + new)
        bob.line("%s is now %s" % (old, new))
        alice.line("%s is now %s" % (old, new))
        alice.name = new
        alice.send("me again")
        bob.line("%s: me again" % new)
        bob.send("hi@" + new)
        alice.line('%s sent you "hi"' % bob.name)
        bob.send("hi@" + old)
        bob.expect(re.escape("Couldn't send message :("))
        self.d.ctl("user", old, status=5)
        self.assertEqual(self.d.json("user", new)["name"], new)
        other = self.connect().login(old)  # the old name is free
        alice.ask("/nick " + old, "(?i)in use")
        alice.ask("/nick bad name", "(?i)usage|cannot|may")
        alice.ask("/nick Server", "(?i)sorry|reserved|cannot")
        # one's own name in other letters is no obstacle
        alice.send("/nick " + new.upper())
        bob.line("%s is now %s" % (new, new.upper()))
        alice.send("NICK " + new)
        bob.line("%s is now %s" % (new.upper(), new))
        # the same name again is no news
        mark = bob.mark()
        alice.ask("/nick " + new, "You are called that already")
        bob.sync()
        self.assertNotIn("is now", bob.since(mark))
        for bad, why in (("7up", "begins with a letter"), ("a.b", "letters and digits"), ("x" * 33, "at most 32")):
            alice.ask("/nick " + bad, why)
        alice.ask("/join " + "x" * 65, "at most 64")
        alice.ask("/join a:b", "no spaces, commas, colons")
        other.close()

    def test_help_fits_a_terminal(self):
        alice = self.client("alice")
        mark = alice.mark()
        alice.ask("/help", "log out")
        alice.ask("/help room", "Example")
        alice.sync()
        lines = alice.since(mark).splitlines()
        self.assertLess(max(map(len, lines)), 80)
        self.assertIn("alone: shows them", " ".join(" ".join(lines).split()))

    def test_words(self):
        """The words of the programs that chatd takes over, in any case."""
        alice, bob = self.clients("alice", "bob")
        for word in ("show@Server", "SHOW@SERVER", "show@server", "!GetAllActiveUsers", "!GETALLACTIVEUSERS"):
            with self.subTest(word):
                text = alice.ask(word, r"loggedIn users: \[.*\]").group(0)
                self.assertIn(alice.name, text)
                self.assertIn(bob.name, text)
        for word in ("!INFO", "!info", "!INFO anything"):
            with self.subTest(word):
                alice.send(word)
                n = int(alice.expect(r"^Number of people in the chat room: (\d+)$").group(1))
                alice.expect(r"^The list of people in the room is: *$")
                listed = [alice.expect("").string.strip() for _ in range(n)]
                self.assertIn(alice.name, listed)
                self.assertIn(bob.name, listed)
        # others hear nothing of it
        self.assertNotRegex(bob.sync(), "Number of people|loggedIn|INFO")
        alice.ask("!ShowUserHasConnected", re.escape("*** %s Connected ***" % alice.name))
        for word in ("!FILE notes.txt", "image@%s" % bob.name, "file@%s" % bob.name):
            with self.subTest(word):
                alice.send(word)
                alice.expect("(?i)not enabled")
        self.assertNotIn("alice", bob.sync())
        for word in ("help@Server", "help", "HELP", "/help"):
            with self.subTest(word):
                alice.ask(word, "/join")
                alice.sync()
        # text that only begins like a word is text
        for text in ("!INFORMATION desk", "helpless", "show@Serverx y", "! INFO"):
            with self.subTest(text):
                alice.send(text)
                bob.line("%s: %s" % (alice.name, text))

    def test_image_to_nobody(self):
        alice = self.client("alice")
        alice.send("image@nobody")
        alice.expect("(?i)Recipient does not exist|not enabled")

    def test_help_for_every_command(self):
        alice = self.client("alice")
        alice.send("/help")
        alice.sync()
        listed = re.findall(r"^\s+/(\w+)", alice.text.decode(), re.M)
        wanted = ("join leave rooms who whois msg me nick topic kick ban mute op invite room away ignore format echo "
                  "ack color time say paste quit help").split()
        self.assertEqual([w for w in wanted if w not in listed], [])
        for name in dict.fromkeys(listed):
            with self.subTest(name):
                alice.send("/help " + name)
                self.assertIn("/" + name, alice.expect("/%s" % name).string)
                example = alice.expect(r"(?i)example: (/\S+)").group(1)
                self.assertEqual(example.split()[0], "/" + name)
        alice.ask("/help nonsense", "(?i)no command")
        alice.ask("/help /join", "(?i)example")

    def test_unique_prefixes(self):
        alice, bob = self.clients("alice", "bob")
        room = self.room()
        alice.ask("/j " + room, room)
        alice.ask("/whoi " + bob.name, bob.name)
        alice.ask("/WHOIS " + bob.name, bob.name)
        alice.ask("/t", "(?i)could be.*/time.*/topic")
        alice.ask("/xyzzy", "(?i)no command")
        alice.ask("/", "(?i)command|could be")
        alice.send("/le")
        alice.expect("(?i)left")

    def test_usage(self):
        alice = self.client("alice")
        for line in ("/msg", "/msg bob", "/join", "/nick", "/whois", "/op", "/invite", "/me", "/say", "/kick",
                     "/room nonsense on", "/room limit", "/echo maybe", "/format a b"):
            with self.subTest(line):
                mark = alice.mark()
                alice.send(line)
                alice.sync()
                self.assertTrue(alice.since(mark).strip().split("\n")[0], "an answer to " + line)

    def test_whois(self):
        alice, bob = self.clients("alice", "bob")
        room = self.room()
        bob.ask("/join " + room, room)
        alice.send("/whois " + bob.name)
        alice.expect(bob.name)
        alice.sync()
        text = alice.text.decode()
        self.assertIn(room, text)
        alice.ask("/whois nobody", "(?i)nobody here is called|no such|not here")

    def test_many_talk_at_once(self):
        group = self.clients(*["g%d" % i for i in range(10)])
        for i in range(30):
            for c in group:
                c.send("n %d" % i)
        for c in group:
            got = {o.name: [] for o in group if o is not c}
            for _ in range(30 * 9):
                m = c.expect(r"^(\w+): n (\d+)$")
                if m.group(1) in got:
                    got[m.group(1)].append(int(m.group(2)))
            for name, numbers in got.items():
                self.assertEqual(numbers, list(range(30)), name)


if __name__ == "__main__":
    main()
