# Node and Python, nothing to build: `run` runs all of it against a build tree.
EXTRA_DIST += %D%/run %D%/package.json %D%/package-lock.json %D%/far.mjs %D%/far.py %D%/main.mjs %D%/person.mjs \
	%D%/test_files.mjs %D%/test_login.mjs %D%/test_looks.mjs %D%/test_lost.mjs %D%/test_many.mjs %D%/test_talk.mjs \
	%D%/test_tls.mjs
