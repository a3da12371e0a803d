"""What the tests share: the language-neutral cases, how a call is made and compared, and a canned server."""
