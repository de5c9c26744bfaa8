// Compiles every contract of this room once on its own.
#include "tahoe/bson.hpp"
#include "tahoe/identity.hpp"
#include "tahoe/json.hpp"
#include "tahoe/parse.hpp"
#include "tahoe/store/stores.hpp"
