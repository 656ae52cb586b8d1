#!/usr/bin/env python3
"""IRC under load, and while the broker is killed: one answer for each label, one order, one delivery, PONG behind all."""

import collections
import random
import re
import select

from harness import limit, main
from irc import IrcCase, Message

ALONE = True  # wants both processors

CAPS = ("labeled-response", "batch", "message-tags", "server-time", "echo-message", "draft/multiline")

# --- what is asked, and how each is to be answered ---------------------------------------------


def echo(command, *params):
    def ok(got):
        return len(got) == 1 and got[0].is_(command, *params)
    return ok


def numeric(number, *params):
    return echo(number, None, *params)


def batch_of(last, *others):
    """A batch of any number of these commands that ends with that one."""
    def ok(got):
        inner = [m.command for m in got[1:-1]]
        return got[0].is_("BATCH", None, "labeled-response") and inner[-1:] == [last] and set(inner[:-1]) <= set(others)
    return ok


def multiline(room, *lines):
    def ok(got):
        return got[0].is_("BATCH", None, "draft/multiline", room) and [m.params for m in got[1:-1]] == [[room, l] for l in lines]
    return ok


class Talker:
    """A client that labels all it sends. What it is to say is made as it goes on; what comes is taken apart at the end."""

    window = 48

    def __init__(self, c, room, side, seed):
        self.c, self.room, self.side, self.random = c, room, side, random.Random(seed)
        self.nick = c.nick
        self.asked = []      # (label, lines, is it answered well?)
        self.answered = self.said = 0
        self.out = self.rest = b""
        self.data = []
        self.away = False
        c.sync()
        c.sock.setblocking(False)

    # -- out

    def word(self):
        self.said += 1
        return "%s.%d" % (self.nick, self.said - 1)

    def ask_say(self):
        word, command = self.word(), self.random.choice(("PRIVMSG", "PRIVMSG", "NOTICE"))
        return "%s %s :%s" % (command, self.room, word), echo(command, self.room, word)

    def ask_to_several(self):
        word = self.word()
        return "PRIVMSG %s,nobody-here :%s" % (self.room, word), batch_of("401", "PRIVMSG")

    def ask_tags(self):
        return ("+typing=active", "TAGMSG " + self.room), echo("TAGMSG", self.room)

    def ask_lines(self):
        one, two = self.word(), "second line"
        ref = "b%d" % self.said
        return ["BATCH +%s draft/multiline %s" % (ref, self.room), "@batch=%s PRIVMSG %s :%s" % (ref, self.room, one),
                "@batch=%s PRIVMSG %s :%s" % (ref, self.room, two), "BATCH -" + ref], multiline(self.room, one, two)

    def ask_quietly(self):
        return "NOTICE nobody-here :x", echo("ACK")

    def ask_nobody(self):
        return self.random.choice((("PRIVMSG nobody-here :x", numeric("401", "nobody-here")),
                                   ("PRIVMSG #nowhere-here :x", numeric("403", "#nowhere-here")),
                                   ("NOSUCHTHING", numeric("421", "NOSUCHTHING"))))

    def ask_ping(self):
        token = "t%d" % len(self.asked)
        return "PING " + token, echo("PONG", None, token)

    def ask_join(self):
        return "JOIN " + self.side, batch_of("366", "JOIN", "332", "333", "353")

    def ask_part(self):
        return "PART " + self.side, echo("PART", self.side)

    def ask_topic(self):
        text = "topic %d of %s" % (len(self.asked), self.nick)
        return "TOPIC %s :%s" % (self.room, text), echo("TOPIC", self.room, text)

    def ask_who(self):
        return "WHO " + self.room, batch_of("315", "352")

    def ask_names(self):
        return "NAMES " + self.room, batch_of("366", "353")

    def ask_away(self):
        self.away = not self.away
        return "AWAY" + " :out" * self.away, numeric("306" if self.away else "305")

    KINDS = ((ask_say, 30), (ask_to_several, 5), (ask_tags, 4), (ask_lines, 4), (ask_quietly, 4), (ask_nobody, 6),
             (ask_ping, 6), (ask_topic, 1), (ask_who, 2), (ask_names, 3), (ask_away, 2), (None, 3))

    def one(self):
        ask = self.random.choices([k for k, _ in self.KINDS], [w for _, w in self.KINDS])[0]
        for make in (ask,) if ask else (Talker.ask_join, Talker.ask_part):  # a part follows a join
            lines, ok = make(self)
            tags = ""
            if isinstance(lines, tuple):
                tags, lines = ";" + lines[0], lines[1]
            lines = [lines] if isinstance(lines, str) else lines
            label = "%s-%d" % (self.nick, len(self.asked))
            self.asked.append((label, lines, ok))
            self.out += "".join(l + "\r\n" for l in ["@label=%s%s %s" % (label, tags, lines[0])] + lines[1:]).encode()

    def more(self, n):
        """Up to n labels in all, no more than a window of them unanswered."""
        if len(self.asked) - self.answered <= self.window // 2:
            while len(self.asked) < n and len(self.asked) - self.answered < self.window:
                self.one()
        if self.out:
            try:
                self.out = self.out[self.c.sock.send(self.out):]
            except BlockingIOError:
                pass

    # -- in

    def read(self):
        try:
            data = self.c.sock.recv(1 << 20)
        except BlockingIOError:
            return
        if not data:
            raise AssertionError("%s: closed" % self.nick)
        lines, end, self.rest = (self.rest + data).rpartition(b"\r\n")
        self.data.append(lines + end)
        self.answered += self.data[-1].count(b"label=")

    def messages(self):
        """All that came, and the client reads by itself again."""
        lines = b"".join(self.data).decode().split("\r\n")
        self.c.raw = self.rest
        return [Message(l) for l in lines if l] + self.c.sync()


def labelled(messages):
    """What labels were answered by, in the order in which it began: {label: messages}; and all others' labels are none."""
    answers, open_, twice = collections.OrderedDict(), {}, []
    for m in messages:
        label, batch = m.tags.get("label"), m.tags.get("batch")
        answer = answers.get(open_.get(batch))
        if label is not None:
            if label in answers:
                twice.append(label)
            answer = answers.setdefault(label, [])
        if m.command == "BATCH" and m.params[0][0] == "-":
            label = open_.pop(m.params[0][1:], None)
            answer = answers.get(label)
        elif m.command == "BATCH":
            open_[m.params[0][1:]] = label if label is not None else open_.get(batch)
        if answer is not None:
            answer.append(m)
    return answers, twice, {b: l for b, l in open_.items() if l is not None}


def wholes(messages, room):
    """The messages to a room: (command, source, text of all its lines, msgid, time)."""
    got, batch = [], None
    for m in messages:
        if m.command == "BATCH":
            batch = [m, []] if m.is_("BATCH", None, "draft/multiline", room) else batch
            if batch and m.params[0] == "-" + batch[0].params[0][1:]:
                got.append(("BATCH", m.source, "\n".join(batch[1]), batch[0].tags["msgid"], batch[0].tags["time"]))
                batch = None
        elif m.command in ("PRIVMSG", "NOTICE", "TAGMSG") and m.params[0] == room:
            if batch and m.tags.get("batch") == batch[0].params[0][1:]:
                batch[1].append(m.params[1])
            else:
                got.append((m.command, m.source, (m.params[1:] or [""])[0], m.tags["msgid"], m.tags["time"]))
    return got


class Load(IrcCase):
    config = dict(IrcCase.config, workers=3, limits={"line_rate": 0, "queue": 1 << 27, "queue_time": 60})

    def broker(self):
        return self.d.kids("broker")

    def kill_broker(self):
        """The one there is; what is read may be from before the last one's end, which may still be listed."""
        while True:
            self.eventually("a broker", self.broker)
            try:
                return self.d.kill_role("broker")
            except (AssertionError, ProcessLookupError):
                continue

    def crowd(self, n):
        """n clients in one room, on all workers; and one by telnet, who listens."""
        people = [self.irc("l", CAPS) for i in range(n)]
        room, side = self.channel(*people), "#" + self.fresh("side")
        people[0].ask("MODE %s -t" % room, "MODE", room)
        for c in people:
            c.sync()
        self.assertEqual(len({self.d.worker_of(c.nick) for c in people}), 3)
        self.listener = self.client("t")
        self.listener.ask("/join " + room[1:], "You are in")
        self.listener.mark()
        for c in people:
            c.expect("JOIN", room)
            c.sync()
        return [Talker(c, room, side, i) for i, c in enumerate(people)], room

    def run_all(self, talkers, n, progress):
        """Everybody has n labels answered; progress(answers so far) is called again and again."""
        poll = select.epoll()
        by_fd = {t.c.sock.fileno(): t for t in talkers}
        for fd in by_fd:
            poll.register(fd, select.EPOLLIN)
        for t in talkers:
            t.more(n)
        try:
            while any(t.answered < len(t.asked) or len(t.asked) < n for t in talkers):
                events = poll.poll(limit())
                self.assertTrue(events, "nothing comes any more: %s" % [
                    (t.nick, t.answered, t.asked[min(t.answered, len(t.asked) - 1)]) for t in talkers])
                for fd, what in events:
                    by_fd[fd].read()
                    by_fd[fd].more(n)
                for t in talkers:
                    if t.out:
                        t.more(n)
                progress(sum(t.answered for t in talkers))
        finally:
            poll.close()

    def check_labels(self, talker, messages):
        answers, twice, unended = labelled(messages)
        self.assertEqual((twice, unended), ([], {}))
        self.assertEqual(list(answers), [label for label, lines, ok in talker.asked])
        for label, lines, ok in talker.asked:
            self.assertTrue(ok(answers[label]), "%s was answered by\n%s" % (lines, "\n".join(m.line for m in answers[label])))

    def check_order(self, talkers, room, got):
        streams = [wholes(messages, room) for messages in got]
        for t, stream in zip(talkers, streams):
            self.assertEqual(len(stream), len(streams[0]), "%s and %s" % (talkers[0].nick, t.nick))
            for mine, theirs in zip(streams[0], stream):
                self.assertEqual(mine, theirs)
        ids = [m[3] for m in streams[0]]
        self.assertEqual(ids, sorted(set(ids)))
        said = collections.defaultdict(list)
        for command, source, text, msgid, at in streams[0]:
            if command != "TAGMSG":
                said[source.partition("!")[0]].append(text.partition("\n")[0])
        self.assertEqual(said, {t.nick: ["%s.%d" % (t.nick, k) for k in range(t.said)] for t in talkers})
        heard = re.findall(r"\b(l\d+\.\d+)\b", self.listened)
        self.assertEqual(heard, [m[2].partition("\n")[0] for m in streams[0] if m[0] != "TAGMSG"])
        return len(ids)

    def check_times(self, messages, room):
        """Whatever happens in a room: its times do not run backwards."""
        last = ""
        for m in messages:
            if "time" in m.tags and room in m.params[:1]:
                self.assertGreaterEqual(m.tags["time"], last, m.line)
                last = m.tags["time"]

    def check_all(self, talkers, room):
        got = [t.messages() for t in talkers]
        self.listened = self.listener.sync()
        for t, messages in zip(talkers, got):
            self.check_labels(t, messages)
            self.check_times(messages, room)
            self.check_times(messages, t.side)
        n = self.check_order(talkers, room, got)
        print("%d labels, %d messages to each of %d" % (sum(len(t.asked) for t in talkers), n, len(talkers)), flush=True)

    def test_labels(self):
        talkers, room = self.crowd(8)
        self.run_all(talkers, 600, lambda answers: None)
        self.check_all(talkers, room)

    def killed(self, n, kills, again):
        """The broker is killed as often; again: its successor at once, too."""
        talkers, room = self.crowd(8)
        step = len(talkers) * n // (kills + 1)
        done = []

        def progress(answers):
            due = len(done) < kills and answers >= step * (len(done) + 1) and self.broker() != []
            # its successor, while the clients' requests are still being asked again
            soon = again and done and len(done[-1]) < 2 and self.broker() not in ([], done[-1])
            if due or soon:
                pid = self.kill_broker()
                if due:
                    done.append([pid])
                else:
                    done[-1].append(pid)

        self.run_all(talkers, n, progress)
        self.assertEqual(len(done), kills)
        self.check_all(talkers, room)
        stats = self.d.stats()
        self.assertEqual(stats['process_restarts_total{role="worker"}'], 0)

    def test_the_checkers_see_it(self):
        """Checkers that find nothing must be such as would."""
        talkers, room = self.crowd(3)
        self.run_all(talkers, 60, lambda answers: None)
        got = [t.messages() for t in talkers]
        self.listened = self.listener.sync()
        self.check_order(talkers, room, got)
        theirs = got[1]
        own = [i for i, m in enumerate(theirs) if "label" in m.tags and m.command != "BATCH"]
        others = [i for i, m in enumerate(theirs) if m.is_("PRIVMSG", room) and m.nick != talkers[1].nick and "msgid" in m.tags]
        a, b = others[3], others[4]
        for check, wrong in ((self.check_labels, theirs[:own[5]] + theirs[own[5] + 1:]),
                             (self.check_labels, theirs[:own[5]] + theirs[own[5]:own[5] + 1] + theirs[own[5]:]),
                             (self.check_labels, [theirs[own[6]]] + theirs[:own[6]] + theirs[own[6] + 1:]),
                             (self.check_order, theirs[:a] + theirs[a + 1:]),
                             (self.check_order, theirs[:a] + [theirs[b]] + theirs[a + 1:b] + [theirs[a]] + theirs[b + 1:]),
                             (self.check_order, theirs[:a] + [theirs[a]] + theirs[a:])):
            with self.assertRaises(AssertionError):
                if check == self.check_labels:
                    check(talkers[1], wrong)
                else:
                    check(talkers, room, [got[0], wrong, got[2]])

    def test_labels_while_the_broker_is_killed(self):
        self.killed(1000, 10, False)

    def test_labels_while_its_successors_are_killed(self):
        self.killed(400, 5, True)

    # -- every command

    def commands_known(self, c):
        """From HELP: whatever there is, and what there is not."""
        got = c.answers("HELP")
        words = {w for m in got for w in m.params[-1].split() if w.isupper() and w.isalpha() and len(w) > 2}
        self.assertGreater(len(words), 40, words)
        return sorted(words - {"QUIT", "DIE", "RESTART"}) + ["NOSUCHTHING", "SERVER", "ERROR"]

    def every_command(self, rounds, kill):
        """Each command with each number of sensible and other parameters has one answer."""
        caps = CAPS + ("standard-replies", "draft/message-redaction", "draft/channel-rename", "draft/metadata-3",
                       "draft/extended-isupport", "account-notify", "setname", "chghost")
        c, other = self.irc("c", caps), self.irc("o", CAPS)
        room = self.channel(c, other)
        words = self.commands_known(c)
        n = 0
        for i in range(rounds):
            lines = []
            for word in words:
                for params in ("", " " + room, " " + other.nick, " * x", " %s %s" % (room, other.nick), " %s :x y" % room,
                               " %s %s :x" % (other.nick, room), " a b c d", " a,b,c %s,%s :d e" % (room, other.nick), " :", " ::",
                               " +x draft/multiline " + room):
                    lines.append("@label=e%d %s%s" % (n + len(lines), word, params))
                lines.append("@label=e%d JOIN %s" % (n + len(lines), room))
                lines.append("@label=e%d BATCH -x" % (n + len(lines)))
            c.send(*lines)
            for k in range(4 if kill else 0):
                c.until(lambda m: "label" in m.tags and int(m.tags["label"][1:]) >= n + (k + 1) * len(lines) // 6)
                self.kill_broker()
            n += len(lines)
            c.sync()
        answers, twice, unended = labelled(c.seen)
        self.assertEqual((twice, unended), ([], {}))
        self.assertEqual([l for l in answers if l[0] == "e"], ["e%d" % k for k in range(n)])
        print("%d labels" % n, flush=True)

    def test_every_command_is_answered_once(self):
        self.every_command(1, False)

    def test_every_command_is_answered_once_when_killed(self):
        self.every_command(2, True)

    # -- PONG

    def two(self, caps=()):
        a, b = self.irc("a", caps), self.irc("b", caps)
        while self.d.worker_of(a.nick) == self.d.worker_of(b.nick):
            b = self.irc("b", caps)
        return a, b, self.channel(a, b)

    def late(self, a, b, target, rounds, each=lambda i: None):
        """How many messages were not there before the answer to a PING that was sent when another one's had come."""
        late = 0
        for i in range(rounds):
            each(i)
            a.send_raw(b"PRIVMSG %s :m%d\r\nPING a%d\r\n" % (target.encode(), i, i))
            a.expect("PONG", None, "a%d" % i)
            b.send_raw(b"PING b%d\r\n" % i)
            got = b.until(lambda m: m.is_("PONG", None, "b%d" % i))
            late += [m.params for m in got if m.command == "PRIVMSG"] != [[target, "m%d" % i]]
            a.seen.clear(), b.seen.clear()
        return late

    def test_a_pong_comes_behind_everything(self):
        a, b, chan = self.two()
        for target in (chan, b.nick):
            self.assertEqual(self.late(a, b, target, 1500), 0)

    def test_a_pong_comes_behind_everything_when_killed(self):
        a, b, chan = self.two(CAPS[:3])
        self.assertEqual(self.late(a, b, chan, 600, lambda i: i % 60 == 30 and self.kill_broker()), 0)

    def test_pongs_in_a_row(self):
        """Many messages, each with its PING, without waiting: behind each PONG stands what was sent before its PING."""
        a, b, chan = self.two(("echo-message",))
        n = 2000
        a.send(*(line for i in range(n) for line in ("PRIVMSG %s :%d" % (chan, i), "PING %d" % i)))
        got = a.until(lambda m: m.is_("PONG", None, str(n - 1)))
        self.assertEqual([(m.command, m.params[-1]) for m in got],
                         [(command, str(i)) for i in range(n) for command in ("PRIVMSG", "PONG")])
        self.assertEqual([m.params[1] for m in b.sync()], [str(i) for i in range(n)])


if __name__ == "__main__":
    main()
