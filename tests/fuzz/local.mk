# Fuzz targets: fuzz_x.c defines LLVMFuzzerTestOneInput, corpus/x/ holds its seeds.  A further
# one takes a line in fuzz_targets and a line that says what it links.
#
# Configured with --enable-fuzzer (and CC=clang) these are fuzzers:
#   tests/fuzz/fuzz_x WORKDIR $(srcdir)/tests/fuzz/corpus/x
# otherwise `make check` runs each over its corpus.
fuzz_targets = \
	%D%/fuzz_account \
	%D%/fuzz_broker \
	%D%/fuzz_chat \
	%D%/fuzz_config \
	%D%/fuzz_control \
	%D%/fuzz_file \
	%D%/fuzz_handover \
	%D%/fuzz_ipc \
	%D%/fuzz_irc \
	%D%/fuzz_log \
	%D%/fuzz_look \
	%D%/fuzz_mask \
	%D%/fuzz_modes \
	%D%/fuzz_net \
	%D%/fuzz_proxy \
	%D%/fuzz_reply \
	%D%/fuzz_sasl \
	%D%/fuzz_session \
	%D%/fuzz_telnet \
	%D%/fuzz_text
if HAVE_SODIUM
fuzz_targets += %D%/fuzz_scram
endif
if HAVE_SQLITE
fuzz_targets += %D%/fuzz_search %D%/fuzz_store_ask
endif
if HAVE_WEB
fuzz_targets += %D%/fuzz_http %D%/fuzz_web %D%/fuzz_ws
%C%_fuzz_http_LDADD = src/proto/libproto.a $(fuzz_libs)
%C%_fuzz_web_SOURCES = %D%/fuzz_web.c src/web/answer.c src/web/assets.c src/web/door.c \
	src/web/download.c src/web/http.c src/web/metrics.c src/web/upgrade.c src/web/upload.c src/web/upload_begin.c
nodist_%C%_fuzz_web_SOURCES = src/web/page.c
%C%_fuzz_web_CFLAGS = $(AM_CFLAGS) $(MICROHTTPD_CFLAGS) $(CRYPTO_CFLAGS)
%C%_fuzz_web_LDADD = src/proto/libproto.a src/ipc/libipc.a $(MICROHTTPD_LIBS) $(CRYPTO_LIBS) $(fuzz_libs)
%C%_fuzz_ws_LDADD = src/proto/libproto.a $(WSLAY_LIBS) $(fuzz_libs)
endif

if HAVE_OPENSSL
fuzz_targets += %D%/fuzz_tls
%C%_fuzz_tls_SOURCES = %D%/fuzz_tls.c src/tls/ctx.c src/tls/tickets.c
%C%_fuzz_tls_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
%C%_fuzz_tls_LDADD = src/ipc/libipc.a $(OPENSSL_LIBS) $(fuzz_libs)
endif

if FUZZER
noinst_PROGRAMS += $(fuzz_targets)
fuzz_main = $(FUZZ_LDFLAGS)
else
check_PROGRAMS += $(fuzz_targets)
TESTS += $(fuzz_targets)
check_LIBRARIES = %D%/libreplay.a
%C%_libreplay_a_SOURCES = %D%/replay.c %D%/fuzz.h
fuzz_main = %D%/libreplay.a
endif
fuzz_libs = $(fuzz_main) src/lib/liblib.a $(LIBCONFIG_LIBS) $(UTF8PROC_LIBS)

%C%_fuzz_account_SOURCES = %D%/fuzz_account.c tests/unit/world.c tests/unit/world.h
%C%_fuzz_account_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
%C%_fuzz_account_LDADD = $(broker_libs) $(fuzz_libs)
%C%_fuzz_broker_SOURCES = %D%/fuzz_broker.c tests/unit/world.c tests/unit/world.h
%C%_fuzz_broker_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
%C%_fuzz_broker_LDADD = $(broker_libs) $(fuzz_libs)
%C%_fuzz_chat_LDADD = $(chat_libs) $(fuzz_libs)
%C%_fuzz_config_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
%C%_fuzz_config_LDADD = src/master/libsettings.a src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_control_LDADD = src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_file_LDADD = src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_handover_SOURCES = %D%/fuzz_handover.c src/master/address.c src/master/chan.c src/master/handover.c src/master/sockaddr.c
%C%_fuzz_handover_LDADD = src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_ipc_LDADD = src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_irc_LDADD = src/proto/libproto.a $(fuzz_libs)
%C%_fuzz_log_LDADD = $(fuzz_libs)
%C%_fuzz_look_SOURCES = %D%/fuzz_look.c tests/unit/world.c tests/unit/world.h
%C%_fuzz_look_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
%C%_fuzz_look_LDADD = $(broker_libs) $(fuzz_libs)
%C%_fuzz_mask_LDADD = src/broker/libbroker.a src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_modes_LDADD = src/worker/libworker.a src/proto/libproto.a src/ipc/libipc.a \
	$(fuzz_libs)
%C%_fuzz_net_LDADD = $(broker_libs) $(fuzz_libs)
%C%_fuzz_proxy_LDADD = $(fuzz_libs)
%C%_fuzz_reply_SOURCES = %D%/fuzz_reply.c src/tools/client.c src/tools/client.h
%C%_fuzz_reply_LDADD = src/ipc/libipc.a $(fuzz_libs)
%C%_fuzz_sasl_LDADD = src/proto/libproto.a src/ipc/libipc.a $(fuzz_libs)
if HAVE_SODIUM
%C%_fuzz_scram_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
%C%_fuzz_scram_LDADD = $(auth_libs) $(SODIUM_LIBS) $(fuzz_libs)
endif
if HAVE_SQLITE
%C%_fuzz_search_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_fuzz_search_LDADD = $(fuzz_main) $(store_libs)
%C%_fuzz_store_ask_SOURCES = %D%/fuzz_store_ask.c tests/unit/bygone.c tests/unit/bygone.h
%C%_fuzz_store_ask_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
%C%_fuzz_store_ask_LDADD = $(fuzz_main) $(store_libs)
endif
%C%_fuzz_session_SOURCES = %D%/fuzz_session.c tests/unit/world.c tests/unit/world.h
%C%_fuzz_session_CPPFLAGS = $(AM_CPPFLAGS) -I$(top_srcdir)/tests/unit
%C%_fuzz_session_LDADD = $(worker_libs) $(broker_libs) $(fuzz_libs)
%C%_fuzz_telnet_LDADD = src/proto/libproto.a $(fuzz_libs)
%C%_fuzz_text_LDADD = $(fuzz_libs)

fuzz_dicts = %D%/account.dict %D%/broker.dict %D%/chat.dict %D%/config.dict %D%/control.dict %D%/file.dict %D%/handover.dict \
	%D%/http.dict %D%/ipc.dict %D%/irc.dict %D%/log.dict %D%/look.dict %D%/mask.dict %D%/modes.dict %D%/net.dict \
	%D%/proxy.dict %D%/reply.dict %D%/sasl.dict %D%/scram.dict %D%/search.dict %D%/session.dict \
	%D%/store_ask.dict %D%/telnet.dict %D%/text.dict %D%/tls.dict %D%/web.dict %D%/ws.dict
EXTRA_DIST += $(fuzz_dicts) %D%/fuzz.h %D%/script.h %D%/replay.c %D%/corpus
