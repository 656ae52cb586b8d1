#!/usr/bin/env python3
"""What was said before, in both tongues: CHATHISTORY, MARKREAD, SEARCH, replay on join; /history, /search, /edit, /delete;
messages kept for the absent. Written from the specifications (draft/chathistory, draft/event-playback, draft/read-marker, soju's
search)."""

from harness import main
from irc import IrcCase

CAPS = ("batch", "message-tags", "server-time", "echo-message", "labeled-response", "draft/chathistory")


class Form(IrcCase):
    """What does not need an answer from the store."""

    def test_told(self):
        alice = self.irc("alice", CAPS)
        self.assertEqual(alice.isupport["CHATHISTORY"], "500")
        self.assertEqual(alice.isupport["MSGREFTYPES"], "msgid,timestamp")

    def test_search_is_negotiated(self):
        alice = self.irc("alice")
        alice.ask("SEARCH text=x", "421", alice.nick, "SEARCH")
        alice = self.irc("alice", ("soju.im/search",))
        alice.ask("SEARCH", "FAIL", "SEARCH", "NEED_MORE_PARAMS")
        alice.ask("SEARCH from=", "FAIL", "SEARCH", "INVALID_PARAMS")
        alice.ask("SEARCH text=x;after=yesterday", "FAIL", "SEARCH", "INVALID_PARAMS")
        alice.ask("SEARCH text=x;limit=many", "FAIL", "SEARCH", "INVALID_PARAMS")

    def test_commands_in_telnet(self):
        alice = self.client("alice")
        for line, answer in (("/history 5 sometimes", 'What is "sometimes"'), ("/history before", 'What is "before"'),
                             ("/more", "There is nothing to go on with"), ("/edit", "Usage: /edit"),
                             ("/search in:", '"in:"')):
            alice.send(line)
            alice.expect(answer)
        alice.send("/edit @bob words")
        alice.expect("Which message")
        alice.send("/edit 1-99999999 words")
        alice.expect("Sorry, that message is not known")


if __name__ == "__main__":
    main()
