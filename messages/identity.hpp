#pragma once
// What the identity desk is asked: log-ins, and everything about users and organisations over HTTP.
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "messages/reply.hpp"
#include "tahoe/value.hpp"

namespace cybexd::messages {

struct identity_request {
  enum class wish : std::uint8_t {
    login,           ///< email, password
    create_user,     ///< email, password, name
    create_org,      ///< org, name, users, admins
    add_members,     ///< org, users, lists
    remove_members,  ///< org, users, lists
    org_info,        ///< org, lists
    orgs_admin_of,
    orgs_user_of,
    user_info,
  };
  wish what = wish::user_info;
  std::string token;  ///< Bearer token; a log-in has none.
  std::string email, password, name;
  std::string org;                         ///< Hash or orgname; the orgname of a new one.
  std::vector<std::string> users, admins;  ///< Hashes.
  std::vector<std::string> lists;          ///< `acl`, `user`, `admin`, `all`
};

struct identity_answer {
  tahoe::value
      result;         ///< The document or documents asked for, without passwords; null where there are none.
  std::string token;  ///< Of a log-in or a new user.
  double slow_down_seconds =
      0;  ///< More than 0: too many failed log-ins, nothing was done; try again after that.
};

/// Failures: bad_input (names the field), not_allowed, unavailable.
struct ask_identity {
  std::shared_ptr<const identity_request> what;
  reply_handle<identity_answer> reply;
};

}  // namespace cybexd::messages
