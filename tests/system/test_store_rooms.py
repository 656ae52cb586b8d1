#!/usr/bin/env python3
"""Registered rooms and the default room: what they are after restarts of one process and of all, and who is what in them."""

import contextlib

import storecheck
from harness import eventually, main
from irc import PASSWORD, AccountCase


class RoomsCase(AccountCase):
    own = True

    def account(self, name):
        """Somebody who has just registered that name."""
        return self.registered(name, exact=True)

    def back(self, name):
        """The same, later."""
        return self.logged_in(name, nick=name)

    def register(self, c, room):
        c.ask("JOIN #" + room, "366")
        c.ask("PRIVMSG ChanServ :REGISTER #" + room, "NOTICE")
        self.assertTrue(self.d.json("room", room)["registered"])

    def flags(self, room):
        """Who is there, with what."""
        return {u["name"]: "@" * u["operator"] + "%" * u["halfop"] + "+" * u["voice"]
                for u in self.d.json("room", room)["users"]}

    def restart(self):
        self.d.stop()
        self.d.start()


class OfTheServer(RoomsCase):
    def lists(self):
        return {kind: {b["mask"]: (b["reason"], b["until"]) for b in self.d.json(kind, "list")} for kind in ("ban", "mute")}

    def test_bans_and_mutes_are_kept(self):
        """Over a restart of all, and of a store that dies in between; what has expired meanwhile is over."""
        d = self.daemon()
        d.ctl("ban", "add", "192.0.2.0/24", "no", "more")
        d.ctl("ban", "add", "--for", "1h", "mallory", "for a while")
        d.ctl("ban", "add", "--for", "1s", "brief")
        d.ctl("mute", "add", "loud")
        d.ctl("mute", "add", "gone")
        d.ctl("mute", "del", "gone")
        self.eventually("its end", lambda: "brief" not in self.lists()["ban"])
        was = self.lists()
        self.assertEqual((sorted(was["ban"]), sorted(was["mute"])), (["192.0.2.0/24", "mallory"], ["loud"]))
        for _ in range(2):
            self.restart()
            self.assertEqual(self.lists(), was)
        c = self.irc_raw()
        c.send("NICK mallory", "USER u 0 * :r")
        c.expect("465")
        loud = self.irc("loud", exact=True)
        loud.ask("JOIN #den", "366")
        loud.ask("PRIVMSG #den :hear me", "404")
        # taken back, they stay so
        d.ctl("ban", "del", "mallory")
        d.ctl("mute", "del", "loud")
        loud.send("PRIVMSG #den :again")
        loud.sync()
        self.restart()
        self.assertEqual(self.lists(), {"ban": {"192.0.2.0/24": was["ban"]["192.0.2.0/24"]}, "mute": {}})


class Crowded(RoomsCase):
    config = {**AccountCase.config, "limits": {"max_per_account": 2}}

    def test_sessions_of_an_account(self):
        d = self.daemon()
        al = self.account("al")
        other = self.logged_in("al", nick="elsewhere")
        c = self.irc("third", exact=True)
        c.send("PRIVMSG NickServ :IDENTIFY al " + PASSWORD)
        self.assertIn("as many are logged in", c.expect("NOTICE").params[-1])
        self.assertEqual(d.stats()['limited_total{reason="sessions"}'], 1)
        other.send("QUIT")
        other.expect_eof()
        c.send("PRIVMSG NickServ :IDENTIFY al " + PASSWORD)
        c.expect("900")
        al.sync()


class Kept(RoomsCase):
    def test_nobody_in_it(self):
        """A registered room is in LIST as long as it is there."""
        self.daemon()
        al = self.account("al")
        self.register(al, "den")
        al.ask("PART #den", "PART")
        al.ask("LIST", "322", "al", "#den", "0")
        al.sync()
        al.send("LIST >0")
        self.assertNotIn("322", [m.command for m in al.until(lambda m: m.command == "323")])

    def test_everything_comes_back(self):
        d = self.daemon()
        al, bo, ca = self.account("al"), self.account("bo"), self.account("ca")
        self.register(al, "den")
        for c in (bo, ca):
            c.ask("JOIN #den", "366")
        al.ask("MODE #den +o bo", "MODE")
        al.ask("MODE #den +v ca", "MODE")
        al.ask("MODE #den +ntkb secret mallory!*@*", "MODE")
        al.ask("TOPIC #den :what it is about", "TOPIC")
        al.ask("PRIVMSG ChanServ :SET #den HISTORY days 30", "NOTICE")
        al.send("PRIVMSG #den :before")
        al.sync()
        was = d.json("room", "den")
        self.restart()
        now = d.json("room", "den")
        self.assertEqual(now["members"], 0)
        self.assertEqual(now["founder"], "al")
        for field in ("name", "topic", "modes", "created", "founder", "founder_id", "registered", "history_days"):
            self.assertEqual(now.get(field), was.get(field), field)
        for field in ("lists", "access"):
            self.assertEqual(now[field], was[field])
        # a stranger needs the key, and is nobody there
        guest = self.irc("guest")
        guest.ask("JOIN #den", "475")
        guest.ask("JOIN #den secret", "366")
        al, bo, ca = self.back("al"), self.back("bo"), self.back("ca")
        for c in (al, bo):
            c.ask("JOIN #den", "366")
        guest.expect("MODE", "#den", "+o", "al")
        ca.ask("JOIN #den secret", "366")
        self.assertEqual(self.flags("den"), {guest.nick: "", "al": "@", "bo": "@", "ca": "+"})
        # its history is the old one
        self.assertEqual([r["text"] for r in d.json("history", "show", "den")], ["before"])

    def test_what_the_administrator_lifts(self):
        """Of a room that nobody is in any more, and for good."""
        d = self.daemon()
        al = self.account("al")
        self.register(al, "den")
        al.ask("MODE #den +bb-o mallory m:bo al", "MODE")
        al.send("QUIT")
        al.expect_eof()
        d.ctl("room", "unban", "den", "mallory")
        d.ctl("room", "unban", "den", "mallory", status=5)
        d.ctl("room", "unmute", "den", "bo")
        self.assertEqual(d.json("room", "den")["lists"], [])
        self.restart()
        self.assertEqual(d.json("room", "den")["lists"], [])
        self.irc("mallory", exact=True).ask("JOIN #den", "366")

    def test_the_default_room(self):
        d = self.daemon()
        c = self.client()
        c.send("/topic for all", "first words")
        c.sync()
        created = d.json("room", "lobby")["created"]
        self.restart()
        c = self.client()
        c.sync()
        room = d.json("room", "lobby")
        self.assertEqual((room["topic"], room["created"], room["registered"]), ("for all", created, False))
        self.assertEqual([r["text"] for r in d.json("history", "show", "lobby")], ["first words"])

    def test_one_that_is_dropped_does_not(self):
        d = self.daemon()
        al = self.account("al")
        self.register(al, "den")
        al.ask("PRIVMSG ChanServ :DROP #den", "NOTICE")
        self.assertFalse(d.json("room", "den")["registered"])
        al.send("PRIVMSG #den :of the old one")
        al.sync()
        self.restart()
        d.ctl("room", "den", status=5)
        al = self.back("al")
        al.ask("JOIN #den", "366")
        al.send("PRIVMSG #den :of the new one")
        al.sync()
        self.assertEqual([r["text"] for r in d.json("history", "show", "den")], ["of the new one"])

    def test_killed_processes(self):
        """Whatever dies, the room is as it was."""
        d = self.daemon()
        d.restarts_meant = True
        al = self.account("al")
        self.register(al, "den")
        for role in ("store", "broker", "store"):
            al.ask("TOPIC #den :" + role, "TOPIC")
            eventually(role, lambda: d.kids(role))
            d.kill_role(role)
            al.sync()
        al.ask("MODE #den +i", "MODE")
        eventually("a store", lambda: d.ctl_run("store", "status")[0] == 0)
        self.restart()
        room = d.json("room", "den")
        self.assertEqual(room["topic"], "store")
        self.assertIn("invite-only", room["modes"])


class Who(RoomsCase):
    def test_access_at_login(self):
        self.daemon()
        al, bo = self.account("al"), self.account("bo")
        self.register(al, "den")
        al.ask("PRIVMSG ChanServ :ACCESS #den ADD bo op", "NOTICE")
        bo.send("QUIT")
        bo.expect_eof()
        guest = self.irc("guest")
        guest.ask("JOIN #den", "366")
        self.assertEqual(self.flags("den")[guest.nick], "")
        guest.send("PRIVMSG NickServ :IDENTIFY bo " + PASSWORD)
        al.expect("MODE", "#den", "+o", guest.nick)
        self.assertEqual(self.flags("den")[guest.nick], "@")

    def test_a_founder_who_goes(self):
        d = self.daemon()
        al, bo = self.account("al"), self.account("bo")
        self.register(al, "den")
        bo.ask("JOIN #den", "366")
        al.ask("MODE #den +o bo", "MODE")
        d.ctl("account", "delete", "al")
        room = d.json("room", "den")
        self.assertEqual(room["founder_id"], d.json("account", "show", "bo")["id"])
        d.ctl("account", "delete", "bo")
        self.assertFalse(d.json("room", "den")["registered"])


class Late(RoomsCase):
    """The database cannot be used when chatd starts, and can be a little later."""

    @contextlib.contextmanager
    def started_with(self, lock):
        self.d.stop()
        mark = self.d.log_mark()
        with lock(self.d):
            self.d.start()
            self.d.expect_log("cannot write to the database", mark)
            yield
        self.d.expect_log("the database can be written again", mark)

    def bans(self):
        """Here, and as they are kept."""
        with contextlib.closing(storecheck.opened(self.d)) as db:
            return ({b["mask"] for b in self.d.json("ban", "list")},
                    {r[0] for r in db.execute("SELECT mask FROM room_list WHERE place=0")})

    def test_all_that_is_kept_comes(self):
        """Accounts, bans and rooms; and a ban that is added meanwhile, or then, ends no other."""
        d = self.daemon()
        al = self.account("al")
        self.register(al, "den")
        al.ask("MODE #den +i", "MODE")
        d.ctl("ban", "add", "mallory!*@*")
        with self.started_with(storecheck.locked):
            d.ctl("ban", "add", "second!*@*")
        d.ctl("ban", "add", "third!*@*")
        wanted = {"mallory", "second", "third"}, {"mallory!*@*", "second!*@*", "third!*@*"}
        self.eventually("all bans", lambda: self.bans() == wanted)
        c = self.irc_raw()
        c.send("NICK mallory", "USER u 0 * :r")
        c.expect("465")
        self.irc("guest").ask("JOIN #den", "473")
        self.back("al").ask("JOIN #den", "366")
        self.restart()
        self.assertEqual(self.bans(), wanted)

    def test_rooms_made_anew_meanwhile(self):
        """People are there, and talk, when the rooms come that there were: nothing that is said is out of sight, then or later."""
        d = self.daemon()
        al = self.account("al")
        self.register(al, "den")
        al.ask("JOIN #lobby", "366")

        def all_said(c, *texts):
            for room in ("lobby", "den"):
                c.send("JOIN #" + room, "PRIVMSG #%s :%s" % (room, texts[-1]))
            c.sync()
            for room in ("lobby", "den"):
                self.assertEqual([r["text"] for r in d.json("history", "show", room)], list(texts))

        all_said(al, "before")
        with self.started_with(storecheck.taken):
            c = self.irc("guest")
            for room in ("#lobby", "#den"):
                c.ask("JOIN " + room, "366")
                c.send("PRIVMSG %s :meanwhile" % room)
            c.sync()
        for room in ("lobby", "den"):
            d.expect_log("the room %s has been made anew meanwhile" % room)
        all_said(c, "before", "meanwhile", "then")
        self.restart()
        all_said(self.irc("guest"), "before", "meanwhile", "then", "later")
        self.restart()
        all_said(self.irc("guest"), "before", "meanwhile", "then", "later", "last")


if __name__ == "__main__":
    main()
