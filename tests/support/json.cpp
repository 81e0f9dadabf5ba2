// Boost.JSON, compiled once for all tests that read what the programs print.
#include <boost/json/src.hpp>
