// Boost.JSON's own code, compiled here once: Debian ships it as headers and as a library, and this needs no
// library.
#include <boost/json/src.hpp>
