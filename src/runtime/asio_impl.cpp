// The one translation unit that holds Asio's and Beast's own code. Everywhere
// else BOOST_ASIO_SEPARATE_COMPILATION leaves only declarations.
#include <boost/asio/impl/src.hpp>
#include <boost/asio/ssl/impl/src.hpp>
#include <boost/beast/src.hpp>
