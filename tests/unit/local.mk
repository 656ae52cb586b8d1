# Unit tests: check_x.c links the layer it tests and those below, never a role.  A further
# one takes a line in unit_checks and a line that says what it links.
EXTRA_DIST += %D%/unit.h %D%/unit_str.h %D%/ipc_golden.def

if HAVE_CHECK
unit_checks = \
	%D%/check_address \
	%D%/check_arena \
	%D%/check_at \
	%D%/check_broker \
	%D%/check_chat_hostile \
	%D%/check_chat_login \
	%D%/check_chat_missed \
	%D%/check_chat_room \
	%D%/check_chat_url \
	%D%/check_chat_xfer \
	%D%/check_cloak \
	%D%/check_config \
	%D%/check_control \
	%D%/check_event \
	%D%/check_exchange \
	%D%/check_file_words \
	%D%/check_ipc \
	%D%/check_ipc_file \
	%D%/check_irc \
	%D%/check_irc_late \
	%D%/check_irc_render \
	%D%/check_irc_sasl \
	%D%/check_irc_tags \
	%D%/check_job \
	%D%/check_login \
	%D%/check_look \
	%D%/check_mask \
	%D%/check_meta \
	%D%/check_modes \
	%D%/check_name \
	%D%/check_log \
	%D%/check_net \
	%D%/check_oper \
	%D%/check_outq \
	%D%/check_pace \
	%D%/check_proxy \
	%D%/check_query \
	%D%/check_redact \
	%D%/check_register \
	%D%/check_registry \
	%D%/check_render \
	%D%/check_rooms \
	%D%/check_rooms_end \
	%D%/check_sasl \
	%D%/check_secret \
	%D%/check_sessions \
	%D%/check_share \
	%D%/check_siphash \
	%D%/check_sublink \
	%D%/check_subs \
	%D%/check_telnet \
	%D%/check_text \
	%D%/check_ticket \
	%D%/check_users
if HAVE_SQLITE
unit_checks += %D%/check_ask %D%/check_ask_count %D%/check_ask_file %D%/check_ask_find %D%/check_ask_when %D%/check_durable %D%/check_history \
	%D%/check_file %D%/check_lookup %D%/check_reserve %D%/check_rooms_kept %D%/check_search %D%/check_store %D%/check_store_delete %D%/check_store_rooms \
	%D%/check_store_trouble %D%/check_storeop
endif
if HAVE_SODIUM
unit_checks += %D%/check_scram
%C%_check_scram_CFLAGS = $(AM_CFLAGS) $(SODIUM_CFLAGS)
%C%_check_scram_LDADD = $(auth_libs) $(SODIUM_LIBS) $(unit_libs)
endif
if HAVE_WEB
unit_checks += %D%/check_http %D%/check_ws
%C%_check_http_LDADD = src/proto/libproto.a $(unit_libs)
%C%_check_ws_LDADD = src/proto/libproto.a $(WSLAY_LIBS) $(unit_libs)
endif
if HAVE_OPENSSL
unit_checks += %D%/check_relay
%C%_check_relay_SOURCES = %D%/check_relay.c src/tls/relay.c
%C%_check_relay_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
%C%_check_relay_LDADD = $(OPENSSL_LIBS) $(unit_libs)
unit_checks += %D%/check_tickets
%C%_check_tickets_SOURCES = %D%/check_tickets.c src/tls/tickets.c
%C%_check_tickets_CFLAGS = $(AM_CFLAGS) $(OPENSSL_CFLAGS)
%C%_check_tickets_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=wall_ms
%C%_check_tickets_LDADD = $(OPENSSL_LIBS) $(unit_libs)
endif
# A test that hangs is ended; one on a busy machine is not.
if SANITIZERS
unit_patience = 20
else
unit_patience = 5
endif
AM_TESTS_ENVIRONMENT = CK_TIMEOUT_MULTIPLIER=$(unit_patience); export CK_TIMEOUT_MULTIPLIER;
check_PROGRAMS += $(unit_checks)
TESTS += $(unit_checks)

unit_libs = src/lib/liblib.a $(LIBCONFIG_LIBS) $(UTF8PROC_LIBS) $(CHECK_LIBS)

# a broker's rules on memory of the test's own
unit_broker = $(broker_libs)
unit_world = %D%/world.c %D%/world.h
unit_den = $(unit_world) %D%/den.c %D%/den.h
unit_storeend = %D%/storeend.c %D%/storeend.h
unit_authend = $(unit_world) %D%/authend.c %D%/authend.h
unit_desk = $(unit_authend) $(unit_storeend) %D%/desk.c %D%/desk.h
%C%_check_broker_SOURCES = %D%/check_broker.c $(unit_world)
%C%_check_broker_LDADD = $(unit_broker) $(unit_libs)
%C%_check_file_SOURCES = %D%/check_file.c $(unit_authend) $(unit_storeend)
%C%_check_file_LDADD = $(unit_broker) $(unit_libs)
%C%_check_history_SOURCES = %D%/check_history.c $(unit_den) $(unit_storeend)
%C%_check_history_LDADD = $(unit_broker) $(unit_libs)
unit_chatter = %D%/chatter.c %D%/chatter.h
%C%_check_chat_hostile_SOURCES = %D%/check_chat_hostile.c $(unit_chatter)
%C%_check_chat_hostile_LDADD = $(chat_libs) $(unit_libs)
%C%_check_chat_login_SOURCES = %D%/check_chat_login.c $(unit_chatter)
%C%_check_chat_login_LDADD = $(chat_libs) $(unit_libs)
%C%_check_chat_missed_SOURCES = %D%/check_chat_missed.c $(unit_chatter)
%C%_check_chat_missed_LDADD = $(chat_libs) $(unit_libs)
%C%_check_chat_room_SOURCES = %D%/check_chat_room.c $(unit_chatter)
%C%_check_chat_room_LDADD = $(chat_libs) $(unit_libs)
%C%_check_chat_url_LDADD = $(chat_libs) $(unit_libs)
%C%_check_chat_xfer_SOURCES = %D%/check_chat_xfer.c src/tools/chat/xfer.c
%C%_check_chat_xfer_CFLAGS = $(AM_CFLAGS) $(CURL_CFLAGS)
%C%_check_chat_xfer_LDADD = $(chat_libs) $(unit_libs) $(CURL_LIBS)
%C%_check_durable_SOURCES = %D%/check_durable.c $(unit_world)
%C%_check_durable_LDADD = $(unit_broker) $(unit_libs)
%C%_check_job_SOURCES = %D%/check_job.c $(unit_desk)
%C%_check_job_LDADD = $(unit_broker) $(unit_libs)
%C%_check_exchange_SOURCES = %D%/check_exchange.c $(unit_desk)
%C%_check_exchange_LDADD = $(unit_broker) $(unit_libs)
%C%_check_login_SOURCES = %D%/check_login.c $(unit_desk)
%C%_check_login_LDADD = $(unit_broker) $(unit_libs)
%C%_check_cloak_SOURCES = %D%/check_cloak.c $(unit_world)
%C%_check_cloak_LDADD = $(unit_broker) $(unit_libs)
%C%_check_pace_SOURCES = %D%/check_pace.c $(unit_world)
%C%_check_pace_LDADD = $(unit_broker) $(unit_libs)
%C%_check_look_SOURCES = %D%/check_look.c $(unit_world)
%C%_check_look_CFLAGS = $(AM_CFLAGS) $(ICU_CFLAGS)
%C%_check_look_LDADD = $(unit_broker) $(unit_libs)
%C%_check_mask_LDADD = $(unit_broker) $(unit_libs)
%C%_check_meta_SOURCES = %D%/check_meta.c $(unit_world)
%C%_check_meta_LDADD = $(unit_broker) $(unit_libs)
%C%_check_modes_SOURCES = %D%/check_modes.c $(unit_den)
%C%_check_modes_LDADD = $(unit_broker) $(unit_libs)
%C%_check_oper_SOURCES = %D%/check_oper.c $(unit_authend)
%C%_check_oper_LDADD = $(unit_broker) $(unit_libs)
%C%_check_redact_SOURCES = %D%/check_redact.c $(unit_world)
%C%_check_redact_LDADD = $(unit_broker) $(unit_libs)
%C%_check_register_SOURCES = %D%/check_register.c $(unit_desk)
%C%_check_register_LDADD = $(unit_broker) $(unit_libs)
%C%_check_registry_SOURCES = %D%/check_registry.c $(unit_world)
%C%_check_registry_LDADD = $(unit_broker) $(unit_libs)
%C%_check_reserve_SOURCES = %D%/check_reserve.c $(unit_world) $(unit_storeend)
%C%_check_reserve_LDADD = $(unit_broker) $(unit_libs)
%C%_check_rooms_SOURCES = %D%/check_rooms.c $(unit_den)
%C%_check_rooms_LDADD = $(unit_broker) $(unit_libs)
%C%_check_rooms_end_SOURCES = %D%/check_rooms_end.c $(unit_world)
%C%_check_rooms_end_LDADD = $(unit_broker) $(unit_libs)
%C%_check_sessions_SOURCES = %D%/check_sessions.c $(unit_world)
%C%_check_sessions_LDADD = $(unit_broker) $(unit_libs)
%C%_check_rooms_kept_SOURCES = %D%/check_rooms_kept.c $(unit_den) $(unit_storeend)
%C%_check_rooms_kept_LDADD = $(unit_broker) $(unit_libs)
%C%_check_storeop_SOURCES = %D%/check_storeop.c $(unit_den) %D%/authend.c %D%/authend.h $(unit_storeend)
%C%_check_storeop_LDADD = $(unit_broker) $(unit_libs)
%C%_check_subs_SOURCES = %D%/check_subs.c $(unit_world)
%C%_check_subs_LDADD = $(unit_broker) $(unit_libs)
%C%_check_users_SOURCES = %D%/check_users.c $(unit_authend)
%C%_check_users_LDADD = $(unit_broker) $(unit_libs)
%C%_check_address_SOURCES = %D%/check_address.c src/master/address.c src/master/sockaddr.c
%C%_check_address_LDADD = $(unit_libs)
%C%_check_config_CFLAGS = $(AM_CFLAGS) $(LIBCONFIG_CFLAGS)
%C%_check_config_LDADD = src/master/libsettings.a src/ipc/libipc.a $(unit_libs)
%C%_check_control_LDADD = src/control/libcontrol.a src/ipc/libipc.a $(JANSSON_LIBS) $(unit_libs)
%C%_check_ipc_LDADD = src/ipc/libipc.a $(unit_libs)
%C%_check_sublink_LDADD = src/ipc/libipc.a $(unit_libs)
%C%_check_irc_LDADD = src/proto/libproto.a $(unit_libs)
# one command of the worker's; the test stands in for the rest
%C%_check_irc_sasl_SOURCES = %D%/check_irc_sasl.c src/worker/irc/sasl.c
%C%_check_irc_sasl_LDADD = src/proto/libproto.a src/ipc/libipc.a $(unit_libs)
%C%_check_ticket_SOURCES = %D%/check_ticket.c src/worker/ticket.c
%C%_check_ticket_LDADD = src/ipc/libipc.a $(unit_libs)
%C%_check_irc_tags_LDADD = src/proto/libproto.a $(unit_libs)
%C%_check_name_LDADD = $(unit_libs)
%C%_check_log_LDADD = $(unit_libs)
%C%_check_net_LDADD = $(unit_libs)
%C%_check_proxy_LDADD = $(unit_libs)
%C%_check_siphash_LDADD = $(unit_libs)
unit_irc_render = src/worker/libworker.a src/proto/libproto.a src/ipc/libipc.a \
	$(unit_libs)
%C%_check_ipc_file_LDADD = src/ipc/libipc.a $(unit_libs)
%C%_check_irc_render_LDADD = $(unit_irc_render)
%C%_check_file_words_LDADD = $(unit_irc_render)
unit_worker = src/worker/libworker.a src/proto/libproto.a $(unit_libs)
%C%_check_arena_LDADD = $(unit_worker)
%C%_check_at_LDADD = src/proto/libproto.a $(unit_libs)
# a worker in the test's own process
unit_oneclient = %D%/oneclient.c %D%/oneclient.h
unit_worker_role = $(worker_libs) src/registry/libregistry.a src/ipc/libipc.a $(unit_libs)
%C%_check_event_SOURCES = %D%/check_event.c $(unit_oneclient)
%C%_check_event_LDADD = $(unit_worker_role)
%C%_check_irc_late_SOURCES = %D%/check_irc_late.c $(unit_oneclient)
%C%_check_irc_late_LDADD = $(unit_worker_role)
%C%_check_share_SOURCES = %D%/check_share.c $(unit_oneclient)
%C%_check_share_LDADD = $(unit_worker_role)
%C%_check_outq_SOURCES = %D%/check_outq.c $(unit_oneclient)
%C%_check_outq_LDADD = $(unit_worker_role)
%C%_check_secret_SOURCES = %D%/check_secret.c $(unit_oneclient)
%C%_check_secret_LDADD = $(unit_worker_role)
%C%_check_render_LDADD = $(unit_worker)
%C%_check_query_LDADD = src/proto/libproto.a $(unit_libs)
%C%_check_sasl_LDADD = src/proto/libproto.a $(unit_libs)
if HAVE_SQLITE
unit_store = $(store_libs) $(CHECK_LIBS)
unit_bygone = %D%/bygone.c %D%/bygone.h
unit_asker = $(unit_bygone) %D%/asker.c %D%/asker.h
%C%_check_ask_SOURCES = %D%/check_ask.c $(unit_asker)
%C%_check_ask_LDADD = $(unit_store)
%C%_check_ask_file_SOURCES = %D%/check_ask_file.c $(unit_asker)
%C%_check_ask_file_LDADD = $(unit_store)
%C%_check_ask_count_SOURCES = %D%/check_ask_count.c $(unit_asker)
%C%_check_ask_count_LDADD = $(unit_store)
%C%_check_ask_find_SOURCES = %D%/check_ask_find.c $(unit_asker)
%C%_check_ask_find_LDADD = $(unit_store)
%C%_check_ask_when_SOURCES = %D%/check_ask_when.c $(unit_asker)
%C%_check_ask_when_LDADD = $(unit_store)
%C%_check_lookup_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_check_lookup_SOURCES = %D%/check_lookup.c $(unit_bygone)
%C%_check_lookup_LDADD = $(unit_store)
%C%_check_search_CFLAGS = $(AM_CFLAGS) $(SQLITE_CFLAGS)
%C%_check_search_LDADD = $(unit_store)
unit_scribe = %D%/scribe.c %D%/scribe.h
%C%_check_store_SOURCES = %D%/check_store.c $(unit_scribe)
%C%_check_store_LDADD = $(unit_store)
%C%_check_store_delete_SOURCES = %D%/check_store_delete.c $(unit_scribe)
%C%_check_store_delete_LDADD = $(unit_store)
%C%_check_store_rooms_SOURCES = %D%/check_store_rooms.c $(unit_scribe)
%C%_check_store_rooms_LDADD = $(unit_store)
%C%_check_store_trouble_SOURCES = %D%/check_store_trouble.c $(unit_scribe)
%C%_check_store_trouble_LDADD = $(unit_store)
endif
%C%_check_telnet_LDADD = src/proto/libproto.a $(unit_libs)
%C%_check_text_LDADD = $(unit_libs)
endif
