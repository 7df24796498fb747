// mail.h: one message by SMTP (RFC 5321, 5322).
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "base/units.h"

namespace tidemill::wire {

struct MailServer {
  std::string url;       // "smtp://host:25", "smtps://host:465"; smtp goes on with TLS where the server has it
  std::string user;      // empty: none
  std::string password;  // never printed, logged or put into an error
};

struct Mail {
  std::string from;
  std::vector<std::string> to;
  std::string subject;
  std::string text;  // UTF-8, lines of any length
  Timestamp date{};
  std::string id;  // unique among all mails: the same message sent twice bears it twice
};

// The message as it goes over the wire: base64, so that no line of the text is too long or is taken for a command; line
// breaks in addresses and the subject are taken out.
std::string MessageText(const Mail& mail);

// kUnavailable: the server did not take it, or that is not known; kFailedPrecondition: it was certainly not sent.
Status Send(const MailServer& server, const Mail& mail, Micros limit);

}  // namespace tidemill::wire
