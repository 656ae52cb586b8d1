#!/usr/bin/env python3
"""IRC clients that do not read: dropped by themselves, whatever they were being told."""

from harness import main
from irc import IrcCase

LABELS = ("batch", "labeled-response", "echo-message")


class Queue(IrcCase):
    own = True

    def start(self):
        return self.daemon({"workers": 1, "limits": {"queue": 65536, "queue_time": 600, "line_rate": 0}})

    def queued(self, d, nick):
        return [s["queued"] for s in d.json("users") if s["name"] == nick]

    def fill(self, d, talker, target, nick):
        """What the kernel takes for nick is full: what comes now is queued by the worker."""
        for _ in range(400):
            talker.send(*["PRIVMSG %s :%s" % (target, "x" * 400)] * 100)
            talker.sync()
            got = self.queued(d, nick)
            if not got or got[0] > 0:
                return
        self.fail("there is no end to what the kernel takes")

    def until_dropped(self, d, talk, how_many=1):
        """So many have been dropped for a full queue, and the worker lives."""
        pids = d.kids("worker")
        for _ in range(2000):
            talk()
            self.assertEqual(d.kids("worker"), pids)
            if d.stats()['dropped_total{reason="queue"}'] >= how_many:
                return
        self.fail("nobody was dropped")

    def test_its_last_words(self):
        """There is no room for them either."""
        for width in (301, 57, 20):
            d = self.start()
            talker, stuck = self.irc("talker"), self.irc("stuck", rcvbuf=4096)
            chan = self.channel(talker, stuck)
            self.fill(d, talker, stuck.nick, stuck.nick)

            def talk():
                talker.send(*["PRIVMSG %s :%s" % (chan, "x" * width)] * 10)
                talker.sync()

            self.until_dropped(d, talk)
            self.assertEqual(self.queued(d, stuck.nick), [])
            d.close()

    def test_others_miss_nothing(self):
        """It goes in the middle of what a room is told: those behind it are told as well."""
        d = self.start()
        talker = self.irc("talker", ("echo-message",))
        stuck = [self.irc("stuck", rcvbuf=4096) for _ in range(3)]
        readers = [self.irc("reader") for _ in range(3)]
        chan = self.channel(talker, stuck[0], readers[0], stuck[1], readers[1], stuck[2], readers[2])
        for c in stuck:
            self.fill(d, talker, c.nick, c.nick)
        sent = 0

        def talk():
            nonlocal sent
            talker.send(*["PRIVMSG %s :%d" % (chan, n) for n in range(sent, sent + 10)])
            sent += 10
            talker.sync()

        self.until_dropped(d, talk, len(stuck))
        talker.sync()
        for c in [talker] + readers:
            c.sync()
            said = [m.params[1] for m in c.seen if m.is_("PRIVMSG", chan)]
            self.assertEqual(said, [str(n) for n in range(sent)])
            if c is not talker:
                gone = {m.nick for m in c.seen if m.command == "QUIT"}
                self.assertEqual(gone, {s.nick for s in stuck})

    def test_alone_in_its_room(self):
        """The room ends with it, while it is being told something there."""
        d = self.start()
        talker, stuck = self.irc("talker"), self.irc("stuck", rcvbuf=4096)
        chan = self.channel(stuck)
        self.fill(d, talker, stuck.nick, stuck.nick)
        self.until_dropped(d, lambda: d.ctl_run("say", chan[1:], "x" * 3000))
        talker.sync()
        self.assertEqual([r for r in d.json("rooms") if r["name"] == chan[1:]], [])

    def test_in_the_middle_of_an_answer(self):
        """A labelled one, of many lines: it does not read it, and asks for more."""
        for line in ("@label=%d WHOIS %s", "@label=%d MODE %s +b", "@label=%d PRIVMSG %s,nobody :x"):
            d = self.start()
            talker, stuck = self.irc("talker"), self.irc("stuck", LABELS, rcvbuf=4096)
            chan = self.channel(stuck, talker)
            if "MODE" in line:
                for i in range(90):
                    stuck.send("MODE %s +b %s%d!*@*" % (chan, "x" * 40, i))
                stuck.sync()
            target = talker.nick if "WHOIS" in line else chan
            self.fill(d, talker, stuck.nick, stuck.nick)
            # it must be free to ask: what it has not read stops it from being read
            for i in range(20):
                stuck.send(line % (i, target))

            def talk():
                talker.send(*["PRIVMSG %s :%s" % (stuck.nick, "x" * 111)] * 10)
                talker.sync()

            self.until_dropped(d, talk)
            d.close()


if __name__ == "__main__":
    main()
