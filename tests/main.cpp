#define BOOST_TEST_MODULE cybexd
#include <boost/test/unit_test.hpp>
