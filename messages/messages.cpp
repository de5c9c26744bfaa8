// Compiles the protocol once on its own, so that a missing type ID or include shows here.
#include "messages/actors.hpp"
