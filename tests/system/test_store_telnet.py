#!/usr/bin/env python3
"""Accounts for those who come by telnet: with a client that hides what is typed, and with one that cannot."""

import re

from harness import NAME_PROMPT, Case, OwnCase, Telnet, limit, main

IAC, WILL, WONT, DO, DONT, ECHO = 255, 251, 252, 253, 254, 1
VISIBLE = r"\(what you type is visible\) $"
AGAIN = "The same again: "
AT_NAME = r"Password \(empty: choose another name\): "
NEW = r"New password \(at least 6 characters\): "
MORE = "Once more; an empty line gives up."
WORD = "correct horse"


class Hider(Telnet):
    """A telnet client that shows nothing when it is asked to (RFC 857)."""

    hidden = False
    answered = 0

    def pump(self, seconds):
        came = super().pump(seconds)
        for verb, option in self.commands[self.answered:]:
            self.answered += 1
            if option == ECHO and verb in (WILL, WONT):
                self.hidden = verb == WILL
                self.send_raw(bytes([IAC, DO if self.hidden else DONT, ECHO]))
        return came

    def secret(self, prompt, word):
        """What is asked for, when nothing of it is shown."""
        self.expect(prompt + "$")
        end = limit()
        while not self.hidden:
            assert self.pump(end), "the client was not asked to show nothing"
        self.send(word)


class StoreCase(Case):
    store = passwords = True
    config = {"accounts": {"cost": 8192}}

    def hider(self):
        c = Hider(("127.0.0.1", self.d.port))
        self.addCleanup(c.close)
        return c

    def registered(self, stem="reg"):
        """Somebody who has an account of that name."""
        c = self.client(stem)
        c.send("/register - " + WORD)
        c.expect("^The name %s is yours now" % c.name)
        return c

    def gone(self, c):
        c.send("/quit")
        c.expect_eof()

    @staticmethod
    def types(c, *pairs):
        """What is typed after which prompt."""
        for prompt, word in pairs:
            c.expect(prompt)
            c.send(word)

    def at_prompt(self, c, name):
        """Asked for its password."""
        c.expect(re.escape(NAME_PROMPT))
        c.send(name)
        c.name = name
        c.line("The name %s is registered." % name)


class Accounts(StoreCase):
    def test_register(self):
        c = self.hider().login(self.fresh("alice"))
        c.send("/register")
        c.secret(NEW, WORD)
        c.secret(AGAIN, WORD)
        c.expect("^The name %s is yours now" % c.name)
        self.assertFalse(c.hidden)
        c.ask("/account", "^You are logged in to the account %s" % c.name)
        c.ask("/register", "already")
        self.assertNotIn(WORD, c.text.decode())
        self.gone(c)

    def test_login_at_the_prompt(self):
        name = self.registered().name
        for c in (self.hider(), self.hider()):  # the second one is another session of the first one's user
            self.at_prompt(c, name)
            c.secret(AT_NAME, "wrong word")
            c.line("Sorry, there is no account of that name with that password.")
            c.secret(AT_NAME, WORD)
            c.expect("^Connected to the chat room as %s$" % name)
            self.assertFalse(c.hidden)

    def test_nc(self):
        """A client that says nothing about what it shows: its person is told."""
        name = self.registered().name
        c = self.connect()
        self.at_prompt(c, name)
        c.expect(AT_NAME + VISIBLE)
        c.send("wrong word")
        c.expect("Sorry, there is no account")
        c.expect(AT_NAME + VISIBLE)
        c.send(WORD)
        c.expect("Connected to the chat room as %s$" % name)
        self.assertEqual(c.commands.count((WILL, ECHO)), 1)
        self.assertNotIn((WONT, ECHO), c.commands)

    def test_another_name(self):
        name = self.registered().name
        c = self.hider()
        self.at_prompt(c, name.upper())
        c.secret(AT_NAME, "")
        c.line(NAME_PROMPT)
        c.be(self.fresh("bob"))
        c.ask("/account", "^You are a guest here")

    def test_a_password_is_no_command(self):
        name = self.registered().name
        c = self.connect()
        self.at_prompt(c, name)
        c.send("/quit")
        c.expect("Sorry, there is no account")
        c.send("")
        c.expect(re.escape(NAME_PROMPT))

    def test_login(self):
        a = self.registered()
        self.gone(a)
        c, bob = self.client("guest"), self.client("bob")
        old = c.name
        c.send("/login %s" % a.name)
        c.expect("Password: $")
        c.send(WORD)
        c.line("You are logged in as %s." % a.name)
        c.line("%s is now %s" % (old, a.name))
        bob.line("%s is now %s" % (old, a.name))
        c.name = a.name
        c.ask("/login", "already")
        c.ask("/logout", "^You are not logged in to an account any more")
        c.line("The name %s is registered. /login within 60 s, or you will be renamed." % a.name)
        c.ask("/account", "^You are a guest here")

    def test_two_sessions(self):
        a, bob = self.registered(), self.client("bob")
        b = self.client("guest")
        b.send("/login %s %s" % (a.name, WORD))
        b.expect("^You are now %s" % a.name)
        b.send("from the second")
        bob.expect("from the second")
        a.expect("from the second")
        b.ask("/logout", "^Sorry, you are here from other devices, too")
        b.ask("/account", "^You are logged in to the account")
        self.gone(b)
        a.ask("/logout", "^You are not logged in to an account any more")

    def test_wrong_words(self):
        c = self.client("alice")
        c.send("/register")
        self.types(c, (NEW, "one of them"), (AGAIN, "the other one"))
        c.line("These two are not the same.")
        self.types(c, (NEW, "short"))
        c.expect("^Sorry, a password has at least 6 characters")
        c.line(MORE)
        self.types(c, (NEW, "x" * 600))
        c.expect("^A password has at most 512 bytes")
        self.types(c, (NEW, ""))
        c.line("No account has been made.")
        c.ask("/register nonsense", "^Sorry, that cannot be used as an email address")
        c.ask("/login nobody-here %s" % WORD, "^Sorry, there is no account")
        c.send("")
        c.expect("You have not logged in.$")
        c.ask("/password", "^You are not logged in")
        c.ask("/account delete", "^You are not logged in")
        c.ask("/logout", "^You are not logged in")
        c.ask("/account nonsense", "^Usage")
        c.sync()

    def test_registered_already(self):
        a = self.registered()
        c = self.connect()
        c.login(self.fresh("bob"))
        c.send("/nick %s" % a.name)
        c.expect("^Sorry, the name %s is in use" % a.name)

    def test_change_password(self):
        a = self.registered()
        a.send("/password")
        self.types(a, ("Password: ", "not this one"), (NEW, "battery staple"), (AGAIN, "battery staple"))
        a.expect("Sorry, that password is wrong")
        self.types(a, ("Password: ", ""))
        a.line("Your password is what it was.")
        a.ask("/password %s" % WORD.split()[0], "^Usage")
        a.send("/password")
        self.types(a, ("Password: ", WORD), (NEW, "battery staple"), (AGAIN, "battery staple"))
        a.line("Your password has been changed.")
        self.gone(a)
        c = self.connect()
        self.at_prompt(c, a.name)
        c.send(WORD)
        c.expect("Sorry, there is no account")
        c.send("battery staple")
        c.expect("Connected to the chat room as %s$" % a.name)

    def test_delete(self):
        a = self.registered()
        a.send("/account delete")
        a.expect("will be gone for ever")
        self.types(a, ("Password: ", ""))
        a.line("Nothing has been deleted.")
        a.send("/account email %s@example.org" % a.name)
        self.types(a, ("Password: ", WORD))
        a.line("Your email address has been changed.")
        a.send("/account delete messages")
        self.types(a, ("Password: ", WORD))
        a.line("Your account has been deleted.")
        a.ask("/account", "^You are a guest here")
        self.gone(a)
        self.client(a.name, exact=True)

    def test_words_are_short(self):
        """What could be shortened before there were accounts still can be."""
        c = self.client("alice")
        c.ask("/p", "^Go on: at most")
        c.send(".")
        c.ask("/l nowhere-at-all", "^You are not in the room")
        c.ask("/h", "^Commands")
        c.ask("/e on", "^Showing your own lines: on")
        c.ask("/help register", "^/register")

    def test_secrets_are_nowhere(self):
        a = self.registered()
        self.gone(a)
        c = self.connect()
        self.at_prompt(c, a.name)
        c.send(WORD)
        c.expect("Connected to the chat room")
        c.ask("/whois %s" % a.name, "is logged in since")
        self.assertNotIn(WORD, self.d.tail(100000))
        self.assertNotIn(WORD, c.text.decode())


class Refused(OwnCase, StoreCase):
    def test_the_room_reads_no_password(self):
        """What is typed after a password was refused is a better one, and is asked for."""
        self.daemon()
        bob, c = self.client("bob"), self.client("alice")
        c.send("/register - short")
        c.expect("^Sorry, a password has at least 6 characters")
        self.types(c, (NEW, c.name))
        c.expect("^Sorry, a password has at least")
        self.types(c, (NEW, WORD), (AGAIN, WORD))
        c.expect("^The name %s is yours now" % c.name)
        c.send("/password wrong-word another-word")
        for word in ("wrong again", "nor this one"):
            c.expect("^Sorry, that password is wrong")
            c.line(MORE)
            self.types(c, ("Password: ", word), (NEW, word), (AGAIN, word))
        c.expect("^Sorry, that password is wrong")
        c.line("Your password is what it was.")
        c.send("/account email %s@example.org" % c.name)
        self.types(c, ("Password: ", "not this one"))
        c.expect("^Sorry, that password is wrong")
        self.types(c, ("Password: ", WORD))
        c.line("Your email address has been changed.")
        c.ask("/account email foo", "^Sorry, that cannot be used as an email address")
        guest = self.client("guest")
        guest.send("/login %s wrong-word" % c.name)
        guest.expect("^Sorry, there is no account")
        self.types(guest, ("Password: ", WORD))
        guest.line("You are logged in as %s." % c.name)
        c.send("the end")
        bob.expect("the end")
        for word in ("short", "wrong", "nor this one", "not this one", WORD):
            self.assertNotIn(word, bob.text.decode())

    def test_nothing_is_asked_in_vain(self):
        self.daemon()
        a = self.registered()
        self.gone(a)
        c = self.client("guest")
        c.send("/nick %s" % a.name)
        c.expect("/login within 60 s")
        c.ask("/register", "^Sorry, the name %s has been registered already. /login" % a.name)


class Grace(OwnCase, StoreCase):
    def test_renamed(self):
        """Who takes a registered name by /nick is told what to do, and renamed when it is not done."""
        self.daemon({"accounts": {"grace": 1}})
        a = self.registered()
        self.gone(a)
        c, bob = self.client("guest"), self.client("bob")
        c.send("/nick %s" % a.name)
        c.line("The name %s is registered. /login within 1 s, or you will be renamed." % a.name)
        c.line("The name %s is registered, and you have not logged in:" % a.name)
        m = c.expect("^%s is now (.*)$" % a.name)
        bob.line("%s is now %s" % (a.name, m.group(1)))
        c.name = m.group(1)
        c.sync()

    def test_in_time(self):
        self.daemon()
        a = self.registered()
        self.gone(a)
        c = self.client("guest")
        c.send("/nick %s" % a.name)
        c.expect("/login within 60 s")
        c.send("/login")
        self.types(c, ("Password: ", WORD))
        c.line("You are logged in as %s." % a.name)
        c.name = a.name
        c.sync()

    def test_no_store(self):
        self.daemon({"store": {"enabled": False}})
        c = self.client("alice")
        c.ask("/register", "no accounts are kept")
        c.ask("/login", "no accounts are kept")


class Administered(OwnCase, StoreCase):
    def test_invitation(self):
        """Its word makes the account where nobody else may, and goes into its rooms."""
        d = self.daemon({"accounts": {"register": False}})
        alice = self.client("alice")
        room = self.room("kitchen")
        alice.ask("/join " + room, "You have made the room")
        word = d.ctl("invite", "create", "--room", room).split()[0]
        c = self.client("bob")
        c.ask("/register - " + WORD, "^Sorry, accounts are made here with an invitation only. Who has one: /invited WORD")
        c.send("/invited no-such-word")
        self.types(c, (NEW, WORD), (AGAIN, WORD))
        c.expect("Sorry, that invitation does not hold")
        c.send("/invited " + word)
        self.types(c, (NEW, WORD), (AGAIN, WORD))
        c.expect("The name %s is yours now" % c.name)
        c.expect("You are in %s" % room)
        alice.expect("%s has entered the chat" % c.name)

    def test_disabled(self):
        d = self.daemon()
        a = self.registered()
        d.ctl("account", "disable", a.name)
        a.line("You are not logged in to an account any more: it has been disabled.")
        a.expect("The name %s is registered" % a.name)
        c = self.connect()
        self.at_prompt(c, a.name)
        c.send(WORD)
        c.expect("Sorry, that account has been disabled")
        c.line(NAME_PROMPT)

    def test_deleted(self):
        """Whoever was logged in is told the truth: the name is free, and stays its own."""
        d = self.daemon({"accounts": {"grace": 1}})
        a = self.registered()
        d.ctl("account", "delete", a.name)
        a.line("You are not logged in to an account any more: it has been deleted.")
        self.assertNotIn("registered", a.sync())

    def test_email_needed(self):
        self.daemon({"accounts": {"email": True}})
        c = self.client("alice")
        c.ask("/register - " + WORD, "^Sorry, an email address is needed")
        c.ask("/register %s@example.org %s" % (c.name, WORD), "is yours now")


class Rooms(OwnCase, StoreCase):
    def test_registered_room(self):
        self.daemon()
        a, bob = self.registered(), self.registered("bob")
        room = self.room("kitchen")
        a.ask("/join " + room, "You have made the room")
        a.ask("/room", "not registered")
        a.send("/room register")
        a.sync()
        a.ask("/room", "  registered, you are its founder")
        a.send("/room access %s voice" % bob.name)
        a.sync()
        a.ask("/room access", "  %s: voice" % bob.name)
        a.send("/room history days 3")
        a.sync()
        a.ask("/room", "kept for 3 days")
        a.ask("/room access %s king" % bob.name, "^Usage: /room access ")
        a.ask("/room history for ever", "^Usage: /room history on")
        a.ask("/room nonsense", "^Usage: /room key")
        bob.ask("/join " + room, "You are in " + room)
        bob.ask("/room drop", "^Sorry")
        bob.send("/leave " + room)
        bob.sync()
        a.ask("/leave " + room, "You have left")
        a.ask("/join " + room, "You are in " + room)
        a.ask("/who", re.escape("%s (operator)" % a.name))
        a.send("/room access %s none" % bob.name, "/room founder %s" % bob.name)
        a.sync()
        a.ask("/room access", "^No account")
        bob.ask("/join " + room, "You are in " + room)
        bob.send("/room drop")
        bob.sync()
        bob.ask("/room", "not registered")

    def test_restart(self):
        """Name and room are there again."""
        d = self.daemon()
        a, room = self.registered(), self.room("kitchen")
        a.ask("/join " + room, "You have made the room")
        a.send("/topic tea at five", "/room register")
        a.sync()
        self.gone(a)
        d.stop()
        d.start()
        c = self.connect()
        self.at_prompt(c, a.name)
        c.send(WORD)
        c.expect("Connected to the chat room as %s$" % a.name)
        c.ask("/join " + room, "You are in " + room)
        c.expect("Topic: tea at five")
        c.ask("/who", re.escape("%s (operator)" % a.name))


if __name__ == "__main__":
    main()
