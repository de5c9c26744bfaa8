#pragma once
// The connections of this process to a database, as the system knows them: the driver waits at each for as
// long as a command may take, and has no call that ends such a wait. Internal to tahoe/store/ and its tests.
#include <set>
#include <string>

namespace cybexd::store {

/// Where a server listens, as `cut_connections` knows it: a port's number, or the path of a Unix socket.
using server_places = std::set<std::string>;

/// Ends every connection that this process made to one of these places; what others made to it stays. Who
/// waits at one is told at once that it has ended. For a process that stops: another connection to the same
/// port, whatever its host, is ended as well.
void cut_connections(const server_places& to);

}  // namespace cybexd::store
