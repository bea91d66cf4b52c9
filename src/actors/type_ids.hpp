// CAF's ids of all types that stand in messages. Their order is the wire schema
// between nodes: append only, and raise `message_schema_version` with any
// change that older nodes cannot read. Included by interfaces.hpp.
#pragma once

#include <caf/allowed_unsafe_message_type.hpp>
#include <caf/is_error_code_enum.hpp>
#include <caf/type_id.hpp>

#include "actors/interfaces.hpp"
#include "llm/provider.hpp"

namespace parley::actors {

// Nodes work together only where this is the same.
inline constexpr unsigned message_schema_version = 1;

} // namespace parley::actors

CAF_BEGIN_TYPE_ID_BLOCK(parley, caf::first_custom_type_id)

// -- values ------------------------------------------------------------------
CAF_ADD_TYPE_ID(parley, (parley::errc))
CAF_ADD_TYPE_ID(parley, (parley::error))
CAF_ADD_TYPE_ID(parley, (parley::start_event))
CAF_ADD_TYPE_ID(parley, (parley::text_event))
CAF_ADD_TYPE_ID(parley, (parley::tool_call_event))
CAF_ADD_TYPE_ID(parley, (parley::reset_event))
CAF_ADD_TYPE_ID(parley, (parley::error_event))
CAF_ADD_TYPE_ID(parley, (parley::done_event))
CAF_ADD_TYPE_ID(parley, (parley::progress_event))
CAF_ADD_TYPE_ID(parley, (parley::conversation))
CAF_ADD_TYPE_ID(parley, (parley::message))
CAF_ADD_TYPE_ID(parley, (parley::stream_state))
CAF_ADD_TYPE_ID(parley, (parley::exported_conversation))

// -- handles -----------------------------------------------------------------
CAF_ADD_TYPE_ID(parley, (parley::actors::reader_actor))
CAF_ADD_TYPE_ID(parley, (parley::actors::session_actor))

// -- messages that may cross nodes -------------------------------------------
CAF_ADD_TYPE_ID(parley, (parley::actors::open_stream))
CAF_ADD_TYPE_ID(parley, (parley::actors::stream_opened))
CAF_ADD_TYPE_ID(parley, (parley::actors::find_stream))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_stream_state))
CAF_ADD_TYPE_ID(parley, (parley::actors::cancel_stream))
CAF_ADD_TYPE_ID(parley, (parley::actors::close_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::drain))
CAF_ADD_TYPE_ID(parley, (parley::actors::subscribe))
CAF_ADD_TYPE_ID(parley, (parley::actors::subscribed))
CAF_ADD_TYPE_ID(parley, (parley::actors::grant))
CAF_ADD_TYPE_ID(parley, (parley::actors::unsubscribe))
CAF_ADD_TYPE_ID(parley, (parley::actors::events))
CAF_ADD_TYPE_ID(parley, (parley::actors::end_stream))
CAF_ADD_TYPE_ID(parley, (parley::actors::create_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::conversation_view))
CAF_ADD_TYPE_ID(parley, (parley::actors::list_conversations))
CAF_ADD_TYPE_ID(parley, (parley::actors::conversation_page))
CAF_ADD_TYPE_ID(parley, (parley::actors::change_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::delete_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_message))
CAF_ADD_TYPE_ID(parley, (parley::actors::list_messages))
CAF_ADD_TYPE_ID(parley, (parley::actors::message_page))
CAF_ADD_TYPE_ID(parley, (parley::actors::export_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::import_conversation))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_node_status))
CAF_ADD_TYPE_ID(parley, (parley::actors::node_status))

// -- messages between session, journal and store -----------------------------
CAF_ADD_TYPE_ID(parley, (parley::actors::session_opened))
CAF_ADD_TYPE_ID(parley, (parley::actors::stream_ended))
CAF_ADD_TYPE_ID(parley, (parley::actors::session_leaving))
CAF_ADD_TYPE_ID(parley, (parley::actors::default_model_known))
CAF_ADD_TYPE_ID(parley, (parley::actors::accept))
CAF_ADD_TYPE_ID(parley, (parley::actors::accepted))
CAF_ADD_TYPE_ID(parley, (parley::actors::accept_decided))
CAF_ADD_TYPE_ID(parley, (parley::actors::append))
CAF_ADD_TYPE_ID(parley, (parley::actors::appended))
CAF_ADD_TYPE_ID(parley, (parley::actors::append_failed))
CAF_ADD_TYPE_ID(parley, (parley::actors::append_batch))
CAF_ADD_TYPE_ID(parley, (parley::actors::finish))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_history))
CAF_ADD_TYPE_ID(parley, (parley::actors::history))
CAF_ADD_TYPE_ID(parley, (parley::actors::load_stream))
CAF_ADD_TYPE_ID(parley, (parley::actors::probe_store))
CAF_ADD_TYPE_ID(parley, (parley::actors::commit_batch))

// -- the cluster -------------------------------------------------------------
CAF_ADD_TYPE_ID(parley, (parley::actors::gateway_actor))
CAF_ADD_TYPE_ID(parley, (parley::actors::claims_actor))
CAF_ADD_TYPE_ID(parley, (parley::actors::peer_actor))
CAF_ADD_TYPE_ID(parley, (parley::actors::join))
CAF_ADD_TYPE_ID(parley, (parley::actors::joined))
CAF_ADD_TYPE_ID(parley, (parley::actors::node_load))
CAF_ADD_TYPE_ID(parley, (parley::actors::node_sees))
CAF_ADD_TYPE_ID(parley, (parley::actors::reserve_claim))
CAF_ADD_TYPE_ID(parley, (parley::actors::claim_answer))
CAF_ADD_TYPE_ID(parley, (parley::actors::release_claim))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_load))
CAF_ADD_TYPE_ID(parley, (parley::actors::listening))
CAF_ADD_TYPE_ID(parley, (parley::actors::leaving))
CAF_ADD_TYPE_ID(parley, (parley::actors::get_cluster))
CAF_ADD_TYPE_ID(parley, (parley::actors::cluster_view))
CAF_ADD_TYPE_ID(parley, (parley::actors::find_claim))
CAF_ADD_TYPE_ID(parley, (parley::actors::found_claim))
CAF_ADD_TYPE_ID(parley, (parley::actors::remember))

// -- messages that never leave the process -----------------------------------
CAF_ADD_TYPE_ID(parley, (parley::storage::stored_stream))
CAF_ADD_TYPE_ID(parley, (parley::actors::upstream_report))
CAF_ADD_TYPE_ID(parley, (parley::actors::members_changed))

CAF_END_TYPE_ID_BLOCK(parley)

CAF_ERROR_CODE_ENUM(parley::errc)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::storage::stored_stream)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::actors::upstream_report)
CAF_ALLOW_UNSAFE_MESSAGE_TYPE(parley::actors::members_changed)
