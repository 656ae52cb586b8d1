#!/usr/bin/env python3
"""Rooms: several at once, topics, operators, and every mode."""

import re

from harness import Case, main


class Rooms(Case):
    def pair(self, *stems):
        """A room that the first of them has made."""
        people = self.clients(*(stems or ("alice", "bob")))
        room = self.room()
        people[0].ask("/join " + room, room)
        return [room] + people

    def join(self, c, room, *more):
        c.send("/join %s" % " ".join((room,) + more))
        c.expect(r"You are in %s\b" % room)

    def test_current_room_and_the_others(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        self.join(bob, room)
        alice.line("%s has entered the chat." % bob.name)
        alice.send("in the new room")
        bob.line("%s: in the new room" % alice.name)
        self.assertNotIn("in the new room", carol.sync())
        # bob goes on reading the lobby, with its name
        carol.send("in the lobby")
        bob.line("[lobby] %s: in the lobby" % carol.name)
        alice.line("[lobby] %s: in the lobby" % carol.name)
        # and back: joining where one is already makes it current
        bob.ask("/join lobby", "lobby")
        bob.send("I am back")
        carol.line("%s: I am back" % bob.name)
        alice.send("still here")
        bob.line("[%s] %s: still here" % (room, alice.name))

    def test_leave(self):
        room, alice, bob = self.pair()
        self.join(bob, room)
        bob.send("/leave %s see you" % room)
        alice.expect(r"%s has left the chat\. \(see you\)" % bob.name)
        bob.expect("(?i)left " + room)
        bob.send("lobby again")
        alice.line("[lobby] %s: lobby again" % bob.name)
        bob.ask("/leave " + room, "(?i)not in")
        bob.ask("/leave", "(?i)left lobby")
        bob.ask("anybody?", "(?i)no room")
        alice.ask("/leave", "(?i)left " + room)
        self.d.ctl("room", room, status=5)  # the last one out takes it along

    def test_rooms_and_who(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        self.join(bob, room)
        carol.send("/rooms")
        self.assertEqual(carol.expect(r"^.?\s*%s\s+(\d+)" % room).group(1), "2")
        answer = carol.ask("/who " + room, room).string
        self.assertIn(alice.name, answer)
        self.assertIn(bob.name, answer)
        self.assertRegex(answer, alice.name + r" \(operator\)")
        carol.ask("/who nosuchroom", "(?i)no room")
        carol.ask("/who #" + room, room)

    def test_topic(self):
        room, alice, bob = self.pair()
        alice.send("/topic tea at five")
        alice.expect("(?i)tea at five")
        self.join(bob, room)
        bob.expect("tea at five")
        bob.ask("/topic", "tea at five")
        self.assertEqual(self.d.json("room", room)["topic"], "tea at five")
        bob.send("/topic coffee")
        alice.expect("%s.*coffee" % bob.name)
        alice.ask("/room topic-lock on", "(?i)lock")
        bob.ask("/topic milk", "(?i)operator")
        self.assertEqual(self.d.json("room", room)["topic"], "coffee")
        alice.send("/topic -")
        bob.expect("(?i)removed the topic")
        self.assertEqual(self.d.json("room", room)["topic"], "")
        alice.ask("/topic " + "x" * 500, "(?i)most|long")

    def test_kick(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        self.join(bob, room)
        self.join(carol, room)
        bob.ask("/kick " + carol.name, "(?i)operator")
        alice.send("/kick %s be nice" % bob.name)
        bob.expect("(?i)removed from %s by %s.*be nice" % (room, alice.name))
        carol.expect("(?i)%s has been removed by %s.*be nice" % (bob.name, alice.name))
        bob.send("where am I")
        alice.line("[lobby] %s: where am I" % bob.name)
        alice.ask("/kick " + bob.name, "(?i)not in")
        alice.ask("/kick nobody", "(?i)nobody")
        self.join(bob, room)  # a kick is no ban

    def test_kick_with_turned_words(self):
        """Words that have to be cleaned are the same to all, in whatever format, though others are told other words meanwhile."""
        self.daemon({"workers": 1})     # who is told is in the same process
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        self.join(bob, room)
        self.join(carol, room)
        alice.ask("/format arrow", "Messages now")
        words = "\u2067please\u2069 calm \u202edown"
        alice.send("/kick %s %s" % (bob.name, words))
        bob.line("You have been removed from %s by %s (%s\u202c)." % (room, alice.name, words))
        for c in (carol, alice):
            c.line("%s has been removed by %s (%s\u202c)." % (bob.name, alice.name, words))

    def test_operators(self):
        room, alice, bob = self.pair()
        self.join(bob, room)
        bob.ask("/op " + bob.name, "(?i)only an operator")
        alice.send("/op " + bob.name)
        bob.expect("(?i)%s has made %s an operator" % (alice.name, bob.name))
        members = {m["name"]: m for m in self.d.json("room", room)["users"]}
        self.assertTrue(members[alice.name]["operator"] and members[bob.name]["operator"])
        bob.send("/deop " + alice.name)
        alice.expect("(?i)taken operator")
        alice.ask("/topic x", "x")
        alice.ask("/kick " + bob.name, "(?i)only an operator")
        bob.ask("/op nobody", "(?i)nobody")
        # nobody is born operator of the room that all are put into
        alice.ask("/join lobby", "lobby")
        alice.ask("/room moderated on", "(?i)only an operator")

    def test_ban(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        alice.ask("/ban " + bob.name, "(?i)banned")
        bob.ask("/join " + room, "(?i)banned from the room")
        self.join(carol, room)
        alice.ask("/ban", bob.name)
        alice.ask("/unban " + bob.name, "(?i)lifted")
        self.join(bob, room)
        alice.ask("/unban " + bob.name, "(?i)no such|sorry")
        alice.ask("/ban 127.0.0.0/8", "(?i)banned")
        other = self.client("other")
        other.ask("/join " + room, "(?i)banned")
        alice.ask("/ban bo*", "(?i)banned")
        alice.ask("/ban 300.1.2.3/99", "(?i)cannot|sorry")

    def test_mute_in_room(self):
        room, alice, bob = self.pair()
        self.join(bob, room)
        alice.ask("/mute " + bob.name, "(?i)muted")
        bob.expect("(?i)muted")
        bob.send("can you hear me")
        bob.expect("(?i)couldn't send")
        self.assertNotIn("can you", alice.sync())
        alice.ask("/unmute " + bob.name, "(?i)unmuted")
        bob.send("and now")
        alice.line("%s: and now" % bob.name)

    def test_key(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        alice.ask("/room key sesame", "(?i)key")
        self.assertNotIn("sesame", alice.sync())
        bob.ask("/join " + room, "(?i)key")
        bob.ask("/join %s wrong" % room, "(?i)key")
        self.join(bob, room, "sesame")
        self.assertIn("key", self.d.json("room", room)["modes"])
        self.assertNotIn("sesame", self.d.ctl("-o", "json", "room", room))
        carol.ask("/join " + room, "(?i)key")
        alice.ask("/room key off", "(?i)removed the key")
        self.join(carol, room)

    def test_limit(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        alice.ask("/room limit 2", "(?i)limit")
        self.join(bob, room)
        carol.ask("/join " + room, "(?i)full")
        alice.ask("/room limit off", "(?i)limit")
        self.join(carol, room)
        for bad in ("0", "-1", "x", "99999999", "1x"):
            alice.ask("/room limit " + bad, "(?i)sorry|usage|cannot")

    def test_invite(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        alice.ask("/room invite-only on", "(?i)invite-only")
        bob.ask("/join " + room, "(?i)invitation")
        alice.send("/invite " + bob.name)
        bob.expect("%s invites you to %s" % (alice.name, room))
        alice.expect("(?i)invited " + bob.name)
        self.join(bob, room)
        bob.ask("/invite " + carol.name, "(?i)operator")
        carol.ask("/join " + room, "(?i)invitation")
        # an invitation is for one entry
        bob.ask("/leave " + room, "(?i)left")
        bob.ask("/join " + room, "(?i)invitation")
        alice.ask("/invite nobody", "(?i)nobody")
        carol.ask("/invite %s %s" % (bob.name, room), "(?i)not in")

    def test_moderated(self):
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        self.join(bob, room)
        self.join(carol, room)
        alice.ask("/room moderated on", "(?i)moderated")
        bob.send("may I")
        bob.expect("(?i)couldn't send.*may not")
        alice.ask("/voice " + bob.name, "(?i)right to speak")
        bob.send("thank you")
        carol.line("%s: thank you" % bob.name)
        alice.ask("/devoice " + bob.name, "(?i)taken the right")
        bob.send("again")
        bob.expect("(?i)couldn't send")
        alice.ask("/room moderated off", "(?i)ended")
        bob.send("all may")
        carol.line("%s: all may" % bob.name)

    def test_private(self):
        """To somebody outside a private room is a room that does not exist, whatever is asked."""
        room, alice, bob = self.pair()
        alice.ask("/room private on", "(?i)private")
        bob.send("/rooms")
        self.assertNotIn(room, bob.sync())
        missing = self.room("missing")
        for command in ("/who %s", "/leave %s", "/invite x %s"):
            with self.subTest(command):
                answers = []
                for name in (room, missing):
                    bob.mark()
                    bob.send(command % name)
                    answers.append(bob.sync().replace(name, "ROOM"))
                self.assertEqual(answers[0], answers[1])
        bob.send("/whois " + alice.name)
        self.assertNotIn(room, bob.sync().replace("whois", ""))
        alice.send("/rooms")
        alice.expect(room)
        alice.send("/whois " + alice.name)
        alice.expect(room)
        self.join(bob, room)  # who knows the name may come
        bob.ask("/who", alice.name)

    def test_shown_settings(self):
        room, alice = self.pair("alice")
        for setting in ("key x", "limit 5", "invite-only on", "moderated on", "private on", "topic-lock on"):
            alice.ask("/room " + setting, alice.name)
        text = alice.ask("/room", "(?i)settings").string
        for word in ("key", "limit 5", "invite-only", "moderated", "no-outside", "private", "topic-lock"):
            self.assertIn(word, text)
        self.assertEqual(set(self.d.json("room", room)["modes"]),
                         {"key", "limit", "invite-only", "moderated", "no-outside", "private", "topic-lock"})

    def test_names(self):
        alice = self.client("alice")
        for bad in ("a,b", "a:b", "x" * 65, "\u200b"):
            with self.subTest(bad):
                alice.ask("/join " + bad, "(?i)sorry|cannot")
        for good in ("#sharp", "Ωroom", "a.b-c_d", "名前", "x" * 60):
            with self.subTest(good):
                name = self.room(good)[-64:]
                alice.ask("/join " + name, name.lstrip("#"))
        room = self.room("CamelCase")
        alice.ask("/join " + room, room)
        bob = self.client("bob")
        bob.ask("/join " + room.lower(), room)  # one room, with the name that it was made with
        bob.send("found you")
        alice.line("%s: found you" % bob.name)

    def test_many_rooms(self):
        alice = self.client("alice")
        stem = self.room("m")
        for i in range(110):
            alice.send("/join %sx%d" % (stem, i))
        alice.expect("(?i)too many rooms")
        alice.sync()
        self.assertEqual(len(self.d.json("user", alice.name)["rooms"]), 100)
        alice.send("/quit")
        alice.expect_eof()
        self.assertFalse([r for r in self.d.json("rooms") if r["name"].startswith(stem + "x")])

    def test_a_line_said_while_being_kicked(self):
        """Whatever the timing, a line is either in the room or refused, never lost silently."""
        room, alice, bob, carol = self.pair("alice", "bob", "carol")
        self.join(carol, room)
        bob.ask("/ack on", "on")
        for i in range(30):
            self.join(bob, room)
            bob.sync()
            seen = len(bob.since(0))
            bob.send("line %d" % i)
            alice.send("/kick " + bob.name)
            bob.expect("removed from " + room)
            answer = bob.since(0)[seen:] + bob.sync()
            said = re.search("message has been sent|Couldn't send", answer).group(0)
            heard = "%s: line %d\n" % (bob.name, i) in carol.sync()
            if said.startswith("message") and not heard:
                # after the kick the lobby was the current room
                heard = "[lobby] %s: line %d\n" % (bob.name, i) in carol.text.decode().replace("\r", "")
            self.assertEqual(heard, said.startswith("message"), i)


if __name__ == "__main__":
    main()
