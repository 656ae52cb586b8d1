#!/usr/bin/env python3
"""IRC clients that do not read: dropped by themselves, whatever they were being told."""

from harness import main
from irc import IrcCase


class Queue(IrcCase):
    own = True

    def until_dropped(self, d, talk, n=2000):
        """Somebody has been dropped for a full queue, and the worker lives."""
        pids = d.kids("worker")
        for _ in range(n):
            talk()
            self.assertEqual(d.kids("worker"), pids)
            if d.stats()['dropped_total{reason="queue"}']:
                return
        self.fail("nobody was dropped")

    def test_its_last_words(self):
        """There is no room for them either."""
        for width in (301, 57, 20):
            d = self.daemon({"workers": 1, "limits": {"queue": 4096, "queue_time": 600, "line_rate": 0}})
            talker = self.irc("talker")
            chan = self.channel(talker, self.irc("stuck", rcvbuf=4096))

            def talk():
                for _ in range(100):
                    talker.send("PRIVMSG %s :%s" % (chan, "x" * width))
                    talker.sync()

            self.until_dropped(d, talk)
            talker.sync()
            d.close()


if __name__ == "__main__":
    main()
