# Debian 12's packages, and CAF: an installed one (0.18.7, or 1.1 or a later 1.x)
# where there is one, else upstream's 1.1.0.

find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(nlohmann_json 3.11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(tl-expected REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(RocksDB 7.8 REQUIRED)

find_package(CAF 0.18.7 QUIET COMPONENTS core io openssl)
if(NOT CAF_FOUND)
  # To CAF's version files 0.18.7 is that version only, 1.1 also a later 1.x.
  find_package(CAF 1.1 QUIET COMPONENTS core io openssl)
endif()
if(NOT CAF_FOUND)
  message(STATUS "No installed CAF 0.18.7 or 1.x from 1.1 on: fetching 1.1.0")
  include(FetchContent)
  FetchContent_Declare(caf SYSTEM
    GIT_REPOSITORY https://github.com/actor-framework/actor-framework.git
    GIT_TAG 97e03500422f0ac48e35fee510d570e16b43a65e)
  set(CAF_ENABLE_EXAMPLES OFF CACHE BOOL "" FORCE)
  set(CAF_ENABLE_NET_MODULE OFF CACHE BOOL "" FORCE)
  set(CAF_ENABLE_TESTING OFF CACHE BOOL "" FORCE)
  set(CAF_ENABLE_TOOLS OFF CACHE BOOL "" FORCE)
  set(BUILD_SHARED_LIBS OFF CACHE BOOL "" FORCE)
  FetchContent_MakeAvailable(caf)
endif()

# Asio and Beast, their implementation compiled once (runtime/asio_impl.cpp).
add_library(parley_asio INTERFACE)
target_link_libraries(parley_asio INTERFACE Boost::headers Threads::Threads)
target_compile_definitions(parley_asio INTERFACE
  BOOST_ASIO_SEPARATE_COMPILATION
  BOOST_BEAST_SEPARATE_COMPILATION
  BOOST_ASIO_NO_DEPRECATED
  BOOST_ASIO_DISABLE_BOOST_COROUTINE)
