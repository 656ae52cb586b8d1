#!/usr/bin/env python3
"""IRC: accounts. SASL (PLAIN, SCRAM-SHA-256, EXTERNAL), REGISTER (draft/account-registration), NickServ and ChanServ; what
others are shown of accounts; what happens when processes die in the middle. Written from the specifications: IRCv3 sasl 3.1
and 3.2, account-notify, extended-join, account-tag, account-registration; RFC 4616, 5802 and 7677."""

import base64
import os
import re
import shutil
import signal
import threading
import unittest

import storecheck
from harness import Daemon, build, long, main
from irc import PASSWORD, AccountCase, Scram, b64, plain
from test_irc_clients import WeeChat

GUEST = re.compile(r"^Guest\d+$")


class Sasl(AccountCase):
    def test_offered(self):
        c = self.irc_raw()
        values = c.offered()
        self.assertEqual(values["sasl"], "PLAIN,SCRAM-SHA-256")
        self.assertEqual(set(values["draft/account-registration"].split(",")), {"before-connect", "custom-account-name"})

    def test_plain(self):
        owner = self.registered()
        c = self.newcomer()
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + plain(owner.nick))
        m = c.expect("900")
        self.assertEqual(m.params[0], "*")
        self.assertEqual(m.params[2], owner.nick)
        self.assertRegex(m.params[1], r"^\*!\*@")
        self.assertEqual(c.expect("903").params[0], "*")
        nick = self.fresh("other")
        self.finish(c, nick)
        other = self.irc("watcher")
        m = other.ask("WHOIS " + nick, "330")
        self.assertEqual(m.params[:3], [other.nick, nick, owner.nick])

    def test_authzid(self):
        owner, other = self.registered(), self.registered()
        for authzid, wanted in ((owner.nick, ["900", "903"]), (owner.nick.upper(), ["900", "903"]), (other.nick, ["904"]), ("nosuch", ["904"])):
            self.assertEqual(self.auth_plain(self.newcomer(), owner.nick, authzid=authzid), wanted)

    def test_wrong(self):
        owner = self.registered()
        c = self.newcomer()
        for account, password in ((owner.nick, "wrong password"), ("nosuchaccount", PASSWORD), (owner.nick, PASSWORD + " "),
                                  ("x" * 100, PASSWORD), ("*", PASSWORD), ("#room", PASSWORD)):
            self.assertEqual(self.auth_plain(c, account, password), ["904"], account)
        # and it may go on
        self.assertEqual(self.auth_plain(c, owner.nick), ["900", "903"])

    def test_scram(self):
        owner = self.registered()
        c = self.newcomer()
        self.assertEqual(self.auth_scram(c, owner.nick), ["900", "903"])
        self.finish(c, self.fresh("in"))
        self.assertEqual(self.irc("w").ask("WHOIS " + c.nick, "330").params[2], owner.nick)
        for account, password in ((owner.nick, "wrong password"), ("nosuch", PASSWORD)):
            self.assertEqual(self.auth_scram(self.newcomer(), account, password), ["904"])
        self.assertEqual(self.auth_scram(self.newcomer(), owner.nick.upper(), authzid=owner.nick), ["900", "903"])

    def test_scram_logged_out_before_its_end(self):
        """What was proved does not hold any more when the client says that it believes the server."""
        c = self.registered(caps=("sasl",))
        s = Scram(c.nick)
        c.ask("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE", "+")
        challenge = c.ask("AUTHENTICATE " + s.first(), "AUTHENTICATE").params[0]
        c.ask("AUTHENTICATE " + s.final(challenge), "AUTHENTICATE")
        c.ask("NS LOGOUT", "901")
        self.assertEqual([n for n in self.commands(c.answers("AUTHENTICATE +")) if n.isdigit()], ["904"])

    def test_scram_together(self):
        """A class behind one address comes back at once: to begin is no guess."""
        owner = self.registered()
        clients = [(self.newcomer(), Scram(owner.nick)) for _ in range(40)]
        for c, s in clients:
            c.ask("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE", "+")
            c.send("AUTHENTICATE " + s.first())
        challenges = [c.expect("AUTHENTICATE").params[0] for c, _ in clients]
        for (c, s), challenge in zip(clients, challenges):
            c.send("AUTHENTICATE " + s.final(challenge))
        for c, s in clients:
            self.assertEqual(base64.b64decode(c.expect("AUTHENTICATE").params[0]).decode(), s.verifier)

    def test_scram_salt_tells_nothing(self):
        """An account that is not there is challenged like one that is, the same way each time."""
        def challenge(account):
            c = self.newcomer()
            c.ask("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE", "+")
            m = c.ask("AUTHENTICATE " + Scram(account).first(), "AUTHENTICATE")
            c.ask("AUTHENTICATE *", "906")
            return dict(a.split("=", 1) for a in base64.b64decode(m.params[0]).decode().split(","))
        owner = self.registered()
        here, once, again = challenge(owner.nick), challenge("nosuch"), challenge("nosuch")
        self.assertEqual(here["i"], once["i"])
        self.assertEqual(len(here["s"]), len(once["s"]))
        self.assertEqual(once["s"], again["s"])
        self.assertNotEqual(once["s"], challenge("nosuch2")["s"])

    def test_after_the_login(self):
        owner = self.registered()
        late = self.irc("late", ("sasl", "account-notify"))
        friend = self.irc("friend", ("account-notify",))
        self.channel(late, friend)
        self.assertEqual(self.auth_plain(late, owner.nick), ["900", "903"])
        self.assertTrue(friend.expect("ACCOUNT", owner.nick).source.startswith(late.nick + "!"))
        self.assertEqual(self.auth_scram(late, owner.nick), ["900", "903"])
        another = self.registered()
        self.assertEqual(self.auth_scram(late, another.nick), ["900", "903"])
        friend.expect("ACCOUNT", another.nick)
        self.assertNotIn("ACCOUNT", self.commands(friend.sync()))
        late.ask("NS LOGOUT", "901", late.nick, re.compile("^%s!" % late.nick))
        friend.expect("ACCOUNT", "*")

    def test_external(self):
        """Nobody has a certificate here."""
        c = self.newcomer()
        m = c.ask("AUTHENTICATE EXTERNAL", "908")
        self.assertEqual(m.params[1], "PLAIN,SCRAM-SHA-256")
        c.expect("904")

    def test_pieces(self):
        """Messages longer than one line, and such as fill their last one."""
        name = self.irc("long")
        password = "p" * 400
        self.assertEqual(name.ask("REGISTER * * " + password, "REGISTER", "SUCCESS").params[1], name.nick)
        whole = plain(name.nick, password)
        c = self.newcomer()
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        for at in range(0, len(whole), 400):
            c.send("AUTHENTICATE " + whole[at:at + 400])
        self.assertEqual(c.until(lambda m: m.command in ("903", "904"))[-1].command, "903")
        # 300 bytes are one full line: an empty one says that it was all
        account = name.nick
        filled = plain(account, "y" * (300 - len(account) - 2))
        self.assertEqual(len(filled), 400)
        c = self.newcomer()
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + filled)

        c.ask("AUTHENTICATE +", "904")

    def test_bad(self):
        """Junk, too much, and ends at odd places."""
        for mechanism in ("PLAIN", "SCRAM-SHA-256"):
            c = self.newcomer()
            for line, wanted in (("x", "904"), ("====", "904"), ("AA AA", "904"), (b64(b"\xff\0\xff\0\xff"), "904"), ("+", "904"), ("*", "906"),
                                 ("A" * 401, "905"), (b64("n,,n=x"), "904"), (b64("p=tls-unique,,n=x,r=y"), "904"), (b64("\0x\0\0"), "904"),
                                 (b64("\0x\0a\0b"), "904")):
                c.ask("AUTHENTICATE " + mechanism, "AUTHENTICATE", "+")
                c.ask("AUTHENTICATE " + line, wanted)
            c.ask("AUTHENTICATE " + mechanism, "AUTHENTICATE", "+")
            for _ in range(4):
                c.send("AUTHENTICATE " + "A" * 400)
            c.ask("AUTHENTICATE " + "A" * 400, "905")
            c.ask("AUTHENTICATE NOSUCH", "908")
            c.expect("904")

    def test_cap_end_aborts(self):
        c = self.newcomer()
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        c.send("NICK " + self.fresh("n"), "USER u 0 * :r", "CAP END")
        self.assertIn("906", self.commands(c.until(lambda m: m.command == "001")))

    def test_pipelined(self):
        """All at once: the end of the registration waits for the login."""
        owner = self.registered()
        nick = self.fresh("hasty")
        c = self.irc_raw()
        c.send("CAP REQ :sasl", "AUTHENTICATE PLAIN", "AUTHENTICATE " + plain(owner.nick), "NICK " + nick, "USER u 0 * :r", "CAP END", "WHOIS " + nick)
        got = self.commands(c.until(lambda m: m.command == "318"))
        self.assertLess(got.index("903"), got.index("001"))
        self.assertIn("330", got)

    def test_labels(self):
        owner = self.registered()
        c = self.irc("l", ("sasl", "labeled-response", "batch"))
        got = c.answers("@label=a AUTHENTICATE PLAIN")
        self.assertEqual([(m.command, m.tags.get("label")) for m in got], [("AUTHENTICATE", "a")])
        got = c.answers("@label=b AUTHENTICATE " + plain(owner.nick))
        self.assertEqual(self.commands(got), ["BATCH", "900", "903", "BATCH"])
        self.assertEqual(got[0].tags.get("label"), "b")
        c.answers("AUTHENTICATE PLAIN")
        got = c.answers("@label=c AUTHENTICATE " + plain(owner.nick, "wrong password"))
        self.assertEqual([(m.command, m.tags.get("label")) for m in got if m.command != "BATCH"][0][0], "904")

    def test_deleted_before_the_end(self):
        """Who has proved an account that is deleted before its registration ends comes without it."""
        owner = self.registered()
        c = self.newcomer()
        self.assertEqual(self.auth_plain(c, owner.nick), ["900", "903"])
        owner.ask("NS DROP tip-of-the-iceberg", "901")
        c.nick = self.fresh("n")
        c.send("NICK " + c.nick, "USER u 0 * :r", "CAP END")
        got = self.commands(c.until(lambda m: m.command == "422"))
        self.assertEqual(got[:2], ["901", "001"])
        self.assertNotIn("330", self.commands(owner.answers("WHOIS " + c.nick)))

    def test_many_at_once(self):
        owner = self.registered()
        results = []

        def one():
            c = self.newcomer()
            results.append(self.auth_plain(c, owner.nick)[-1])
        threads = [threading.Thread(target=one) for _ in range(20)]
        for t in threads:
            t.start()
        talker = self.irc("talker")
        talker.sync()
        for t in threads:
            t.join()
        self.assertEqual(len(results), 20)
        self.assertIn("903", results)
        self.assertTrue(set(results) <= {"903", "904"})

    def test_gone_meanwhile(self):
        owner = self.registered()
        for _ in range(5):
            c = self.newcomer()
            c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
            c.send("AUTHENTICATE " + plain(owner.nick))
            c.close()
        self.assertEqual(self.auth_plain(self.newcomer(), owner.nick), ["900", "903"])


class Register(AccountCase):
    def refused(self, c, line, code, *context):
        got = c.answers(line)
        self.assertEqual([(m.command, m.params[:-1]) for m in got], [("FAIL", ["REGISTER", code] + list(context))], line)
        return got[0]

    def test_own_name(self):
        c = self.irc("own", ("account-notify",))
        m = c.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS")
        self.assertEqual(m.params[1], c.nick)
        self.assertEqual(c.expect("900").params[2], c.nick)
        self.refused(c, "REGISTER * * :" + PASSWORD, "ALREADY_AUTHENTICATED", c.nick)
        got = c.answers("VERIFY * 123")
        self.assertEqual([m.params[:-1] for m in got], [["VERIFY", "ALREADY_AUTHENTICATED", c.nick]])

    def test_another_name(self):
        c = self.irc("one")
        name = self.fresh("Custom")
        self.assertEqual(c.ask("REGISTER %s me@example.org :%s" % (name, PASSWORD), "REGISTER", "SUCCESS").params[1], name)
        self.assertEqual(self.auth_plain(self.newcomer(), name.lower()), ["900", "903"])

    def test_before_connect(self):
        c = self.newcomer(("sasl", "draft/account-registration"))
        nick = self.fresh("early")
        self.refused_raw(c, "REGISTER * * :" + PASSWORD, "NEED_NICK", "*")
        c.send("NICK " + nick)
        self.assertEqual(c.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS").params[1], nick)
        self.assertEqual(c.expect("900").params[2], nick)
        self.finish(c, nick)
        self.assertEqual(self.irc("w").ask("WHOIS " + nick, "330").params[2], nick)

    def refused_raw(self, c, line, code, *context):
        m = c.ask(line, "FAIL", "REGISTER")
        self.assertEqual(m.params[1:-1], [code] + list(context))

    def test_taken(self):
        owner = self.registered()
        c = self.irc("thief")
        for name in (owner.nick, owner.nick.upper()):
            self.refused(c, "REGISTER %s * :%s" % (name, PASSWORD), "ACCOUNT_EXISTS", name)
        # somebody is called so
        guest = self.irc("guest")
        self.refused(c, "REGISTER %s * :%s" % (guest.nick, PASSWORD), "ACCOUNT_EXISTS", guest.nick)

    def test_names(self):
        c = self.irc("n")
        for name in ("#room", "a,b", "9lives", "x" * 100, "Server", "NickServ", "a!b", "a@b", "\u200bx"):
            self.refused(c, "REGISTER %s * :%s" % (name, PASSWORD), "BAD_ACCOUNT_NAME", name)

    def test_passwords(self):
        c = self.irc("p")
        for password in ("short", "x", c.nick):
            self.refused(c, "REGISTER * * :" + password, "WEAK_PASSWORD", c.nick)
        c.send("REGISTER * * :")
        self.assertEqual(c.expect("FAIL", "REGISTER").params[1], "UNACCEPTABLE_PASSWORD")
        # a line has no room for one that is too long; not UTF-8, with NUL: no line
        c.send_raw(b"REGISTER * * :pass\xff\xfeword\r\n")
        c.expect("FAIL", "REGISTER", "INVALID_UTF8")
        c.send_raw(b"REGISTER * * :pass\0word12\r\n")
        c.sync()
        c.send_raw(b"REGISTER * * :" + b"x" * 600 + b"\r\n")
        c.expect("417")
        self.refused(c, "REGISTER * * :bell\x07bell\x07bell", "WEAK_PASSWORD", c.nick)

    def test_password_forms(self):
        """However it was typed: composed or not."""
        c = self.irc("forms")
        c.ask("REGISTER * * :gr\u00fc\u00dfe f\u00fcr alle", "REGISTER", "SUCCESS")
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick, "gru\u0308\u00dfe fu\u0308r alle"), ["900", "903"])
        self.assertEqual(self.auth_scram(self.newcomer(), c.nick, "gru\u0308\u00dfe fu\u0308r alle"), ["900", "903"])

    def test_email(self):
        c = self.irc("e")
        for email in ("nobody", "@x", "x@", "x" * 245 + "@y.example", "x" * 250 + "@y.example", "x" * 300, "x" * 450):
            m = self.refused(c, "REGISTER * %s :%s" % (email, PASSWORD), "INVALID_EMAIL", c.nick)
            self.assertNotIn("needed", m.params[-1])
        # a line that is too long is none
        c.ask("REGISTER * %s :%s" % ("x" * 500, PASSWORD), "417", c.nick)
        # the account's name comes first, the password last
        self.refused(c, "REGISTER a,b nobody :x", "BAD_ACCOUNT_NAME", "a,b")
        self.refused(c, "REGISTER * nobody :x", "INVALID_EMAIL", c.nick)

    def test_parameters(self):
        c = self.irc("params")
        for line in ("REGISTER", "REGISTER *", "REGISTER * *"):
            self.refused(c, line, "NEED_MORE_PARAMS")
        self.assertEqual(c.answers("VERIFY x")[0].params[:-1], ["VERIFY", "NEED_MORE_PARAMS"])
        self.assertEqual(c.answers("VERIFY x 1")[0].params[:-1], ["VERIFY", "INVALID_CODE", "x"])

    def test_labels(self):
        c = self.irc("l", ("labeled-response", "batch"))
        got = c.answers("@label=x REGISTER * * :" + PASSWORD)
        self.assertEqual(got[0].tags.get("label"), "x")
        self.assertEqual([m.command for m in got if m.command != "BATCH"], ["REGISTER", "900"])

    def test_secrets_are_not_logged(self):
        c = self.registered(password="swordfish swordfish")
        self.assertEqual(self.auth_plain(c, c.nick, "swordfish swordfish"), ["900", "903"])
        c.answers("PRIVMSG NickServ :IDENTIFY swordfish")
        c.answers("NS SET PASSWORD swordfish marlin12345")
        for secret in ("swordfish", "marlin", plain(c.nick, "swordfish swordfish")):
            self.assertNotIn(secret, self.d.tail(100000))


class Shown(AccountCase):
    """What others see of an account."""

    def test_everywhere(self):
        owner = self.registered()
        c = self.logged_in(owner.nick)
        watcher = self.irc("w", ("extended-join", "account-tag", "account-notify", "message-tags"))
        guest = self.irc("g")
        chan = self.channel(watcher)
        c.ask("JOIN " + chan, "366")
        m = watcher.expect("JOIN", chan)
        self.assertEqual(m.params, [chan, owner.nick, "Real Name"])
        guest.ask("JOIN " + chan, "366")
        self.assertEqual(watcher.expect("JOIN", chan).params[1], "*")
        c.send("PRIVMSG %s :hello" % chan)
        self.assertEqual(watcher.expect("PRIVMSG", chan, "hello").tags["account"], owner.nick)
        guest.send("PRIVMSG %s :me too" % chan)
        self.assertNotIn("account", watcher.expect("PRIVMSG", chan, "me too").tags)
        got = watcher.answers("WHO %s %%na" % chan)
        accounts = {m.params[1]: m.params[2] for m in got if m.command == "354"}
        self.assertEqual(accounts, {watcher.nick: "0", c.nick: owner.nick, guest.nick: "0"})
        self.assertEqual(watcher.ask("WHOIS " + c.nick, "330").params[2], owner.nick)
        c.ask("NS LOGOUT", "901")
        self.assertEqual(watcher.expect("ACCOUNT").params, ["*"])
        self.assertNotIn("330", self.commands(watcher.answers("WHOIS " + c.nick)))

    def test_the_answer_comes_first(self):
        """RPL_LOGGEDIN, then what it is told as others are."""
        owner = self.registered()
        c = self.irc("n", ("sasl", "account-notify"))
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + plain(owner.nick))
        self.assertEqual(self.commands(c.until(lambda m: m.command == "ACCOUNT")), ["900", "903", "ACCOUNT"])
        c = self.irc("n", ("account-notify", "draft/account-registration"))
        c.send("REGISTER * * :" + PASSWORD)
        self.assertEqual(self.commands(c.until(lambda m: m.command == "ACCOUNT")), ["REGISTER", "900", "ACCOUNT"])

    def test_registering_is_a_login(self):
        watcher = self.irc("w", ("account-notify",))
        c = self.irc("c")
        self.channel(watcher, c)
        c.ask("NS REGISTER " + "tip-of-the-iceberg", "900")
        self.assertEqual(watcher.expect("ACCOUNT").params, [c.nick])

    def test_modes(self):
        """Rooms and people for those with accounts only; bans by account."""
        owner = self.registered()
        c = self.logged_in(owner.nick)
        op, guest = self.irc("op"), self.irc("guest")
        chan = self.channel(op)
        op.ask("MODE %s +R" % chan, "MODE", chan)
        guest.ask("JOIN " + chan, "477", None, chan)
        c.ask("JOIN " + chan, "366")
        op.ask("MODE %s -R+M" % chan, "MODE", chan)
        guest.ask("JOIN " + chan, "366")
        guest.ask("PRIVMSG %s :no" % chan, "404")
        c.send("PRIVMSG %s :yes" % chan)
        op.expect("PRIVMSG", chan, "yes")
        op.ask("MODE %s +b ~a:%s" % (chan, owner.nick), "MODE", chan)
        op.sync()

    def test_reserved(self):
        """A guest under a registered name is told so at once; the owner takes it back."""
        name = self.reserved()
        guest = self.irc(name, ("standard-replies",), exact=True)
        seen = [m for m in guest.seen if m.is_("NOTE", "*", "NICK_RESERVED")] or [guest.expect("NOTE", "*", "NICK_RESERVED")]
        self.assertIn("registered", seen[0].params[-1])
        c = self.newcomer()
        c.send("NICK " + name, "USER u 0 * :r")
        self.assertEqual(self.auth_plain(c, name), ["900", "903"])
        c.nick = name
        c.ask("CAP END", "001", name)
        guest.expect("NICK", GUEST)
        guest.ask("NICK " + name, "433")


class Grace(AccountCase):
    config = dict(AccountCase.config, accounts={"cost": 8192, "grace": 1})

    def test_renamed(self):
        owner = self.registered()
        name = owner.nick
        owner.ask("NICK " + self.fresh("away"), "NICK")
        guest = self.irc("guest")
        guest.ask("NICK " + name, "NICK", name)
        self.assertRegex(guest.expect("NOTICE", None, re.compile("registered")).params[-1], "IDENTIFY")
        m = guest.expect("NICK")
        self.assertTrue(m.source.startswith(name + "!"))
        self.assertNotEqual(m.params[0], name)
        guest.expect("NOTICE", m.params[0], re.compile("registered"))

    def test_renamed_by_the_next_broker(self):
        guest = self.irc(self.reserved(), exact=True)
        self.d.kill_role("broker")
        guest.expect("NICK", GUEST)

    def test_identified_in_time(self):
        name = self.reserved()
        c = self.irc(name, exact=True)
        c.ask("NS IDENTIFY tip-of-the-iceberg", "900")
        other = self.irc("other")
        self.assertEqual(other.ask("WHOIS " + name, "330").params[2], name)


class Services(AccountCase):
    def says(self, c, line, regex, service="NickServ"):
        c.send(line)
        m = c.expect("NOTICE", c.nick, re.compile(regex))
        self.assertEqual(m.source, "%s!%s@chat.test" % (service, service))
        return m

    def test_help(self):
        c = self.irc("h")
        for line in ("NS HELP", "NICKSERV HELP", "NS", "PRIVMSG NickServ HELP", "PRIVMSG nickserv :help", "PRIVMSG NickServ@chat.test help", "NOTICE NickServ help"):
            self.says(c, line, "IDENTIFY")
            c.sync()
        for line in ("CS HELP", "CHANSERV HELP", "PRIVMSG ChanServ :HELP"):
            self.says(c, line, "REGISTER #room", "ChanServ")
            c.sync()
        self.says(c, "NS NOSUCH", "not known")
        self.says(c, "NS IDENTIFY", r"IDENTIFY \[account\] password")
        self.says(c, "NS GHOST x", "not needed")

    def test_nobody_is_called_so(self):
        for name in ("NickServ", "chanserv", "NICKSERV", "Server"):
            c = self.irc_raw()
            c.ask("NICK " + name, "432")
        c = self.irc("n")
        c.ask("NICK NickServ", "432")

    def test_passwords_with_spaces(self):
        c = self.irc("spc")
        self.says(c, "NS REGISTER correct horse", "cannot be used as an email address")
        c.expect("NOTICE", c.nick, re.compile("with spaces: REGISTER :"))
        self.says(c, "NS REGISTER :correct horse", "registered " + c.nick)
        self.says(c, "NS LOGOUT", "logged out")
        self.says(c, "PRIVMSG NickServ :IDENTIFY correct horse", "Sorry")
        c.expect("NOTICE", c.nick, re.compile("first word was taken for the account"))
        for words in ("NS IDENTIFY :correct horse", "NS IDENTIFY :correct horse  ", "PRIVMSG NickServ :IDENTIFY :correct horse", "NS IDENTIFY %s :correct horse" % c.nick,
                      "NS IDENTIFY %s correct horse" % c.nick, "PRIVMSG NickServ :IDENTIFY %s correct horse" % c.nick):
            self.says(c, words, "logged in as " + c.nick)
            self.says(c, "NS LOGOUT", "logged out")
        d = self.irc("spd")
        self.says(d, "PRIVMSG NickServ :REGISTER tip-of-the-iceberg", "registered " + d.nick)
        self.says(d, "NS IDENTIFY tip-of-the-iceberg :", "logged in as " + d.nick)
        self.says(d, "NS SET PASSWORD tip-of-the-iceberg battery staple", "changed")
        self.assertEqual(self.auth_plain(self.newcomer(), d.nick, "battery staple"), ["900", "903"])
        for words in ("PASSWORD battery staple other-password", "EMAIL battery staple me@example.org"):
            self.says(d, "NS SET " + words, "Sorry")
            d.expect("NOTICE", d.nick, re.compile("One word was taken.*/password and /account email"))
        self.says(d, "NS DROP battery staple", "with spaces: DROP :password")
        self.says(d, "PRIVMSG NickServ :DROP :battery staple", "deleted")
        self.says(c, "NS IDENTIFY :correct horse", "logged in as")
        self.says(c, "NS DROP :correct horse", "deleted")

    def test_colon_before_one_word(self):
        """It says where the password begins, and is no part of it; one behind that is."""
        c = self.irc("col")
        self.says(c, "PRIVMSG NickServ :REGISTER :tip-of-the-iceberg", "registered " + c.nick)
        for words in ("PRIVMSG NickServ :IDENTIFY tip-of-the-iceberg", "PRIVMSG NickServ :IDENTIFY :tip-of-the-iceberg", "NS IDENTIFY :tip-of-the-iceberg",
                      "PRIVMSG NickServ :IDENTIFY %s :tip-of-the-iceberg" % c.nick):
            self.says(c, "NS LOGOUT", "logged out")
            self.says(c, words, "logged in as " + c.nick)
        self.says(c, "PRIVMSG NickServ :SET PASSWORD tip-of-the-iceberg ::a-colon", "changed")
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick, ":a-colon"), ["900", "903"])
        for words in ("NS IDENTIFY ::a-colon", "PRIVMSG NickServ :IDENTIFY ::a-colon", "NS :IDENTIFY ::a-colon"):
            self.says(c, "NS LOGOUT", "logged out")
            self.says(c, words, "logged in as " + c.nick)
        self.says(c, "PRIVMSG NickServ :DROP ::a-colon", "deleted")

    def test_escaped_words(self):
        """With the tag every password is a word, whatever is in it and wherever it stands."""
        def escaped(*words):
            table = {" ": "\\s", ";": "\\:", "\\": "\\\\"}
            return "@+chatd.org/escaped NS :" + " ".join("".join(table.get(x, x) for x in w) for w in words)

        first, second = " :of many; wor\\ds ", ": second\\s  one "
        c = self.irc("esc", ("message-tags",))
        self.says(c, escaped("REGISTER", first, "*", ""), "registered " + c.nick)
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick, first), ["900", "903"])
        self.says(c, escaped("SET", "PASSWORD", first, second), "changed")
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick, second), ["900", "903"])
        self.says(c, "NS LOGOUT", "logged out")
        self.says(c, escaped("IDENTIFY", c.nick, second), "logged in as " + c.nick)
        self.says(c, "@+chatd.org/escaped NS :INFO a\\r\\nb", "end of a line")
        # nothing of it without message-tags
        d = self.irc("esd")
        self.says(d, "@+chatd.org/escaped NS :REGISTER a\\sb-of-the-iceberg", "registered " + d.nick)
        self.assertEqual(self.auth_plain(self.newcomer(), d.nick, "a\\sb-of-the-iceberg"), ["900", "903"])

    def test_account(self):
        c = self.irc("acc")
        self.says(c, "NS REGISTER tip-of-the-iceberg notmail", "cannot be used as an email address")
        self.says(c, "NS REGISTER tip-of-the-iceberg me@example.org", "registered " + c.nick)
        self.says(c, "NS REGISTER tip-of-the-iceberg", "logged in")
        self.says(c, "NS INFO", "is registered")
        c.send("NS LOGOUT")
        c.expect("901")
        c.expect("NOTICE", None, re.compile("registered.* in 60 seconds"))
        c.expect("NOTICE", c.nick, re.compile("logged out"))
        self.says(c, "NS LOGOUT", "not logged in")
        self.says(c, "PRIVMSG NickServ :IDENTIFY wrong-password", "Sorry")
        self.says(c, "PRIVMSG NickServ :IDENTIFY tip-of-the-iceberg", "logged in as " + c.nick)
        c.sync()
        d = self.irc("another")
        self.says(d, "NS LOGIN %s tip-of-the-iceberg" % c.nick, "logged in as " + c.nick)
        self.says(d, "NS SET PASSWORD wrong-password other-password", "wrong")
        self.says(d, "NS SET PASSWORD tip-of-the-iceberg short", "6 characters")
        self.says(d, "NS SET PASSWORD tip-of-the-iceberg other-password", "changed")
        self.says(d, "NS SET EMAIL other-password other@example.org", "changed")
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick, "tip-of-the-iceberg"), ["904"])
        self.assertEqual(self.auth_scram(self.newcomer(), c.nick, "other-password"), ["900", "903"])
        self.says(d, "NS DROP wrong-password", "wrong")
        self.says(d, "NS DROP other-password", "deleted")
        d.sync()
        c.expect("901")
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick, "other-password"), ["904"])
        self.says(d, "NS INFO " + c.nick, "is not registered")

    def test_cert(self):
        c = self.registered()
        self.says(c, "NS CERT ADD", "no certificate")
        self.says(c, "NS CERT ADD nonsense", "no fingerprint")
        self.says(c, "NS CERT ADD " + ":".join(["AB"] * 32), "changed")
        self.says(c, "NS CERT DEL " + "ab" * 32, "changed")

    def test_room(self):
        owner = self.registered()
        guest = self.irc("guest")
        chan = self.channel(owner, guest)
        self.says(guest, "CS REGISTER " + chan, "Sorry", "ChanServ")
        self.says(owner, "CS INFO " + chan, "not registered", "ChanServ")
        self.says(owner, "CS REGISTER " + chan, "registered", "ChanServ")
        self.says(owner, "CS INFO " + chan, "is registered", "ChanServ")
        owner.expect("NOTICE", None, "You are its founder.")
        owner.ask("CS DEOP " + chan, "MODE", chan, "-o")
        self.says(owner, "CS VOICE %s %s" % (chan, guest.nick), "only an operator", "ChanServ")
        self.says(owner, "CS OP %s %s" % (chan, "x" * 200), "such a long name", "ChanServ")
        owner.ask("CS OP " + chan, "MODE", chan, "+o")
        owner.ask("CS HALFOP %s %s" % (chan, guest.nick), "MODE", chan, "+h", guest.nick)
        owner.ask("CS DEHALFOP %s %s" % (chan, guest.nick), "MODE", chan, "-h", guest.nick)
        owner.ask("PRIVMSG ChanServ :VOICE %s %s" % (chan, guest.nick), "MODE", chan, "+v", guest.nick)
        friend = self.registered()
        self.says(owner, "CS ACCESS %s ADD %s op" % (chan, friend.nick), "changed", "ChanServ")
        self.says(owner, "CS ACCESS " + chan, "%s: op" % friend.nick, "ChanServ")
        friend.ask("JOIN " + chan, "366")
        self.assertIn("@", owner.ask("NAMES " + chan, "353").params[-1])
        self.says(owner, "CS FLAGS %s %s +v" % (chan, friend.nick), "changed", "ChanServ")
        self.says(owner, "CS ACCESS %s DEL %s" % (chan, friend.nick), "changed", "ChanServ")
        self.says(owner, "CS ACCESS %s LIST" % chan, "No account", "ChanServ")
        self.says(owner, "CS SET %s HISTORY off" % chan, "changed", "ChanServ")
        self.says(owner, "CS INFO " + chan, "is not kept", "ChanServ")
        self.says(owner, "CS SET %s FOUNDER %s" % (chan, friend.nick), "changed", "ChanServ")
        self.says(owner, "CS DROP " + chan, "Sorry", "ChanServ")
        self.says(friend, "CS DROP " + chan, "no longer", "ChanServ")
        self.says(friend, "CS INFO " + chan, "not registered", "ChanServ")
        self.says(friend, "CS INFO nosuch", "#", "ChanServ")

    def test_room_stays(self):
        owner = self.registered()
        chan = "#" + self.fresh("kept")
        owner.ask("JOIN " + chan, "366")
        owner.ask("TOPIC %s :what it is about" % chan, "TOPIC", chan)
        self.says(owner, "CS REGISTER " + chan, "registered", "ChanServ")
        owner.ask("PART " + chan, "PART", chan)
        guest = self.irc("guest")
        self.assertEqual(guest.ask("JOIN " + chan, "332").params[-1], "what it is about")
        self.assertNotIn("@" + guest.nick, guest.expect("353").params[-1])
        owner.ask("JOIN " + chan, "353")
        self.assertIn("@" + owner.nick, guest.ask("NAMES " + chan, "353").params[-1])


class Gate(AccountCase):
    config = dict(AccountCase.config, irc={"password": "open sesame"})

    def test_nothing_before_pass(self):
        c = self.irc_raw()
        c.send("NICK " + self.fresh("n"))
        self.assertEqual(c.ask("REGISTER * * :" + PASSWORD, "FAIL", "REGISTER").params[1], "COMPLETE_CONNECTION_REQUIRED")
        c.ask("AUTHENTICATE PLAIN", "904")
        c.send("PASS :wrong")
        c.ask("AUTHENTICATE PLAIN", "904")
        c.send("PASS :open sesame")
        c.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS")


class Closed_(AccountCase):
    config = dict(AccountCase.config, accounts={"cost": 8192, "register": False, "before_connect": False, "email": True, "scram": False})

    def test_told(self):
        c = self.irc_raw()
        values = c.offered()
        self.assertEqual(values["sasl"], "PLAIN")
        self.assertEqual(set(values["draft/account-registration"].split(",")), {"custom-account-name", "email-required"})
        c.send("NICK " + self.fresh("n"))
        self.assertEqual(c.ask("REGISTER * a@example.org :" + PASSWORD, "FAIL", "REGISTER").params[1], "COMPLETE_CONNECTION_REQUIRED")
        c = self.irc("n")
        self.assertEqual(c.ask("REGISTER * * :" + PASSWORD, "FAIL", "REGISTER").params[1], "INVALID_EMAIL")
        self.assertEqual(c.ask("REGISTER * a@example.org :" + PASSWORD, "FAIL", "REGISTER").params[1], "TEMPORARILY_UNAVAILABLE")
        c.ask("NS REGISTER tip-of-the-iceberg a@example.org", "NOTICE", None, re.compile("invitation"))


    def test_invited(self):
        """An invitation makes an account, and leads into its rooms."""
        word = self.d.ctl("invite", "create", "--room", "kitchen,hall").split()[0]
        c = self.irc("n")
        c.ask("NS REGISTER tip-of-the-iceberg * nonsense", "NOTICE", None, re.compile("email|invitation"))
        c.ask("NS REGISTER tip-of-the-iceberg a@example.org nonsense", "NOTICE", None, re.compile("invitation"))
        c.send("PRIVMSG NickServ :REGISTER tip-of-the-iceberg a@example.org " + word)
        c.expect("900", None, None, c.nick)
        self.assertEqual({c.expect("JOIN").params[0] for _ in range(2)}, {"#kitchen", "#hall"})
        self.assertEqual(c.answers("PING x")[-1].command, "PONG")

    def test_invited_where_others_are_not(self):
        """A room that is by invitation only lets in whom the word was given, for good."""
        owner, room = self.irc("o"), "#" + self.fresh("den")
        owner.ask("JOIN " + room, "366")
        owner.ask("MODE %s +i" % room, "MODE", room, "+i")
        word = self.d.ctl("invite", "create", "--room", room).split()[0]
        c = self.irc("n")
        c.ask("JOIN " + room, "473")
        c.send("PRIVMSG NickServ :REGISTER tip-of-the-iceberg a@example.org " + word)
        c.expect("JOIN", room)
        owner.expect("MODE", room, "+I", "a:" + c.nick)
        c.ask("PART " + room, "PART")
        c.ask("JOIN " + room, "366")


class PasswordMin(AccountCase):
    config = dict(AccountCase.config, accounts={"cost": 8192, "password_min": 10})

    def test_least(self):
        c = self.irc("p")
        m = c.ask("REGISTER * * :ninechars", "FAIL", "REGISTER")
        self.assertEqual(m.params[1], "WEAK_PASSWORD")
        self.assertIn("10 characters", m.params[-1])
        c.ask("REGISTER * * :ten_is_all", "REGISTER", "SUCCESS")


class Plaintext(AccountCase):
    """Passwords are not given where they could be read: here by way of a gateway that has clients without TLS."""

    config = dict(AccountCase.config, irc={"webirc": [{"password": "gate", "hosts": ["127.0.0.0/8"]}]})

    def gateway(self, options=""):
        c = self.irc_raw()
        c.send("WEBIRC gate gateway host 192.0.2.%d%s" % (len(self.fresh("")) + 1, options and " :" + options))
        return c

    def test_refused(self):
        c = self.gateway()
        self.assertEqual(c.offered()["sasl"], "SCRAM-SHA-256")
        self.assertEqual(c.ask("AUTHENTICATE PLAIN", "908").params[1], "SCRAM-SHA-256")
        self.assertIn("TLS", c.expect("904").params[-1])
        m = c.ask("REGISTER early * :" + PASSWORD, "FAIL", "REGISTER")
        self.assertIn("TLS", m.params[-1])
        self.finish(c, self.fresh("n"))
        for line in ("NS REGISTER a-password", "NS IDENTIFY a-password", "NS SET PASSWORD a-password another-password", "NS DROP a-password"):
            c.ask(line, "NOTICE", c.nick, re.compile("TLS"))

    def test_scram_and_secure(self):
        owner = self.registered()
        self.assertEqual(self.auth_scram(self.gateway(), owner.nick), ["900", "903"])
        c = self.gateway("secure")
        self.assertEqual(c.offered()["sasl"], "PLAIN,SCRAM-SHA-256")
        self.assertEqual(self.auth_plain(c, owner.nick), ["900", "903"])


class PlaintextAllowed(AccountCase):
    config = dict(Plaintext.config, accounts={"cost": 8192, "plaintext": True})

    def test_allowed(self):
        owner = self.registered()
        c = self.irc_raw()
        c.send("WEBIRC gate gateway host 192.0.2.1")
        self.assertEqual(self.auth_plain(c, owner.nick), ["900", "903"])


@unittest.skipUnless(shutil.which("weechat-headless"), "weechat-headless is not installed")
class WithWeeChat(AccountCase):
    def with_mechanism(self, mechanism):
        owner = self.registered()
        chan = self.channel(owner)
        sasl = {"mechanism": mechanism, "username": owner.nick, "password": "tip-of-the-iceberg"}

        class Sasl(WeeChat):
            setup = WeeChat.setup[:-1] + tuple("/set irc.server.chatd.sasl_%s %s" % i for i in sasl.items()) + WeeChat.setup[-1:]
        x = Sasl(self, self.irc_address(), self.fresh("x"), chan)
        owner.expect("JOIN", chan)
        x.expect("You are now logged in as " + owner.nick)
        self.assertEqual(owner.ask("WHOIS " + x.nick, "330").params[2], owner.nick)

    def test_plain(self):
        self.with_mechanism("plain")

    def test_scram(self):
        self.with_mechanism("scram-sha-256")


class Faults(AccountCase):
    """Processes die in the middle; whoever waits is answered all the same."""

    def stopped(self, role, then):
        """`then` while the processes of that role stand still."""
        pids = self.d.kids(role)
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        try:
            return then()
        finally:
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGCONT)
                except ProcessLookupError:
                    pass

    def begin(self, account):
        c = self.newcomer()
        c.ask("AUTHENTICATE PLAIN", "AUTHENTICATE", "+")
        c.send("AUTHENTICATE " + plain(account))
        return c

    def test_auth_dies(self):
        owner = self.registered()
        for _ in range(2):
            c = self.stopped("auth", lambda: self.begin(owner.nick))
            self.d.kill_role("auth")
            m = c.until(lambda m: m.command in ("903", "904"))[-1]
            if m.command == "904":
                self.assertEqual(self.auth_plain(c, owner.nick), ["900", "903"])

    def test_broker_dies(self):
        owner = self.registered()
        for _ in range(3):
            waiting = []

            def begin():
                for _ in range(3):
                    waiting.append(self.begin(owner.nick))
                self.irc("sync").sync()
                self.d.kill_role("broker")
            self.stopped("auth", begin)
            for c in waiting:
                self.assertEqual(c.until(lambda m: m.command in ("903", "904"))[-1].command, "903")
                self.finish(c, self.fresh("in"))
            self.assertEqual(self.irc("w").ask("WHOIS " + c.nick, "330").params[2], owner.nick)

    def test_broker_dies_while_registering(self):
        c = self.irc("reg")

        def begin():
            c.send("REGISTER * * :" + PASSWORD)
            self.irc("sync").sync()
            self.d.kill_role("broker")
        self.stopped("auth", begin)
        c.expect("REGISTER", "SUCCESS", c.nick)
        self.assertEqual(self.auth_plain(self.newcomer(), c.nick), ["900", "903"])

    def test_broker_dies_within_scram(self):
        owner = self.registered()
        c = self.newcomer()
        s = Scram(owner.nick)
        c.ask("AUTHENTICATE SCRAM-SHA-256", "AUTHENTICATE", "+")
        m = c.ask("AUTHENTICATE " + s.first(), "AUTHENTICATE")
        self.d.kill_role("broker")
        c.send("AUTHENTICATE " + s.final(m.params[0]))
        c.expect("904")
        self.assertEqual(self.auth_scram(c, owner.nick), ["900", "903"])

    def test_store_dies(self):
        owner = self.registered()
        waiting = []

        def begin():
            waiting.append(self.begin(owner.nick))
            self.irc("sync").sync()
            self.d.kill_role("store")
        self.stopped("store", begin)
        m = waiting[0].until(lambda m: m.command in ("903", "904"))[-1]

        def again():
            return self.auth_plain(self.newcomer(), owner.nick)[-1] == "903"
        self.eventually("logging in works again", again)

    def test_after_all(self):
        """Each has died once: nothing waits for ever, and who is logged in still is."""
        owner = self.registered()
        for role in ("broker", "store", "auth"):
            self.d.kill_role(role)
        self.eventually("logging in works again", lambda: self.auth_plain(self.newcomer(), owner.nick)[-1] == "903")
        self.assertEqual(owner.ask("WHOIS " + owner.nick, "330").params[2], owner.nick)


class Halfway(AccountCase):
    """The store is killed when a change is on its disk and nobody has heard so yet."""

    own = True

    def told(self, c, line, done):
        """Sends it until it is done, or was done before."""
        def once():
            c.send(line)
            return done(c.until(lambda m: m.command in ("REGISTER", "FAIL", "NOTICE"))[-1])
        self.eventually(line, once)

    def fits(self, d, account, password):
        """The store may have died just now."""
        self.eventually("the password fits", lambda: self.auth_plain(self.newcomer(d=d), account, password) == ["900", "903"])

    def halfway(self, n):
        d = Daemon(self.config, start=False)
        words = ("iceberg-ahead", "another-iceberg")
        killed = os.path.join(d.dir, "killed")
        try:
            os.chmod(d.dir, 0o777)
            d.env["CHATD_KILL"] = "store_committed:%d:%s" % (n, killed)
            d.restarts_meant = True
            d.start()
            c = self.irc("half", d=d)
            self.told(c, "REGISTER * * " + words[0], lambda m: m.is_("REGISTER", "SUCCESS") or
                      (m.is_("FAIL") and m.params[1] == "ALREADY_AUTHENTICATED"))
            self.fits(d, c.nick, words[0])
            self.told(c, "NS DROP " + words[0], lambda m: "is deleted" in m.params[-1] or "not logged in" in m.params[-1])
            self.told(c, "REGISTER * * " + words[1], lambda m: m.is_("REGISTER", "SUCCESS"))
            self.fits(d, c.nick, words[1])
            self.assertEqual(self.auth_plain(self.newcomer(d=d), c.nick, words[0]), ["904"])
            return os.path.getsize(killed) > 0
        finally:
            d.close()

    def test_the_store_dies_with_it_done(self):
        if not build().killpoints:
            self.skipTest("this build has no kill points (--enable-killpoints)")
        died = 0
        for n in range(1, 12 if long() else 7):
            with self.subTest(n=n):
                died += self.halfway(n)
        self.assertGreaterEqual(died, 3)
    test_the_store_dies_with_it_done.limit = 100


class Unusable(AccountCase):
    own = True

    def test_not_a_database(self):
        """Nothing is offered that cannot be; when it can, those who asked for it are told."""
        d = self.daemon()
        c = self.irc("c", d=d)
        c.ask("REGISTER * * :" + PASSWORD, "REGISTER", "SUCCESS")
        d.stop()
        storecheck.spoil(d)
        mark = d.log_mark()
        d.start()
        d.expect_log("cannot be used", mark)
        d._ports = None
        watcher = self.irc("w", ("cap-notify",), d=d)
        self.eventually("sasl is not offered", lambda: watcher.sync() is not None and
                        watcher.ask("CAP REQ sasl", "CAP").params[1] == "NAK")
        watcher.ask("AUTHENTICATE PLAIN", "904")
        watcher.ask("REGISTER * * :" + PASSWORD, "FAIL", "REGISTER", "TEMPORARILY_UNAVAILABLE")
        storecheck.mend(d)
        d.expect_log("can be written again", mark)
        self.assertIn("sasl=PLAIN", watcher.expect("CAP", None, "NEW").params[-1])


if __name__ == "__main__":
    main()
