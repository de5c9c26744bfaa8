#include "app/http/worker_pool.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <boost/test/unit_test.hpp>
#include <fstream>
#include <system_error>

#include "tests/fixtures/child_case.hpp"

using namespace cybexd;
using tests::child_case;

namespace {

/// From now on this process gets room for some threads' stacks, and no more.
void leave_room_for(std::size_t bytes) {
  std::size_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  rlimit room{};
  ::getrlimit(RLIMIT_AS, &room);
  room.rlim_cur = pages * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)) + bytes;
  ::setrlimit(RLIMIT_AS, &room);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(worker_pool)

BOOST_AUTO_TEST_CASE(child, *boost::unit_test::disabled()) {
  if (!child_case::inside()) return;
#ifdef __SANITIZE_ADDRESS__
  return;  // it takes memory of its own for each thread, and ends the process where there is none
#endif
  leave_room_for(std::size_t{256} << 20);
  BOOST_CHECK_THROW(app::http::worker_pool("too many", 10'000, 1), std::system_error);
}

// Symptom: the process was aborted, instead of telling that there are no more threads.
BOOST_AUTO_TEST_CASE(where_not_all_threads_are_to_be_had_those_that_are_end) {
  child_case alone("worker_pool/child", "1");
  BOOST_TEST(alone.wait() == 0);
}

BOOST_AUTO_TEST_SUITE_END()
