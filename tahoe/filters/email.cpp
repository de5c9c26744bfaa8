#include "tahoe/filters/builder.hpp"
#include "tahoe/filters/filters.hpp"
namespace cybexd::tahoe::filters {
product run_email(const value&, const context& about) {
  builder b(about);
  b.refuse("the e-mail filter is not there yet");
  return b.finish();
}
}  // namespace cybexd::tahoe::filters
