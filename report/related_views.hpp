#pragma once
// The three forms of a related report. All orders depend on the documents alone.
#include "report/query.hpp"
#include "report/related_documents.hpp"
#include "tahoe/value.hpp"

namespace cybexd::report {

/// sub_type -> list of data, of the attributes.
[[nodiscard]] tahoe::value summary(const related_documents& found);

/// sub_type -> list of [data, path]: labels `sub_type=itype` from that attribute to `asked` along a shortest
/// way in the undirected graph of event/object -> `_cref` and session -> `_ref`. An attribute that no way
/// leads to is left out.
[[nodiscard]] tahoe::value summary_graph(const related_documents& found, const tahoe::hash256& asked);

/// Documents of one kind, or of all.
[[nodiscard]] tahoe::value list(const related_documents& found, const return_type& only);

}  // namespace cybexd::report
