#include "tahoe/store/rocksdb_sums.hpp"

#include <rocksdb/merge_operator.h>

#include <algorithm>

#include "tahoe/store/row.hpp"

namespace cybexd::store {
namespace {

class sums_merge final : public rocksdb::AssociativeMergeOperator {
 public:
  bool Merge(const rocksdb::Slice&, const rocksdb::Slice* existing, const rocksdb::Slice& value,
             std::string* merged, rocksdb::Logger*) const override {
    const std::string_view a =
        existing == nullptr ? std::string_view() : std::string_view(existing->data(), existing->size());
    const std::string_view b(value.data(), value.size());
    if (a.size() % 8 != 0 || b.size() % 8 != 0) return false;
    key_writer sums;
    for (std::size_t at = 0; at < std::max(a.size(), b.size()); at += 8)
      sums.number((at < a.size() ? number_at(a.substr(at)) : 0) +
                  (at < b.size() ? number_at(b.substr(at)) : 0));
    *merged = sums.take();
    return true;
  }
  const char* Name() const override { return "cybexd.sums"; }
};

}  // namespace

std::shared_ptr<rocksdb::MergeOperator> make_sums_merge() { return std::make_shared<sums_merge>(); }

}  // namespace cybexd::store
