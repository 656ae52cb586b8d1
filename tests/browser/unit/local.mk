# The page's modules, in Node.
TESTS += %D%/run
EXTRA_DIST += %D%/run %D%/conn.test.mjs %D%/fake.mjs %D%/format.test.mjs %D%/history.test.mjs %D%/irc.test.mjs %D%/model.test.mjs %D%/pack.test.mjs
