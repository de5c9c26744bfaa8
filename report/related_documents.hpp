#pragma once
// The documents of a related report.
#include <vector>

#include "tahoe/document.hpp"

namespace cybexd::report {

using tahoe::document;

struct related_documents {
  std::vector<document> events;    ///< The page's newest first, then those of sessions.
  std::vector<document> sessions;  ///< By hash, as all below, but for a plain summary.
  std::vector<document> objects;
  std::vector<document> attributes;
};

}  // namespace cybexd::report
