# Third-party libraries. `tools/setup` puts DuckDB into the cache folder; the rest are Debian's static libraries, so that
# the one binary runs where only glibc is.
if(DEFINED ENV{TIDEMILL_CACHE})
  set(TIDEMILL_CACHE $ENV{TIDEMILL_CACHE})
else()
  set(TIDEMILL_CACHE $ENV{HOME}/.cache/tidemill)
endif()
set(DUCKDB ${TIDEMILL_CACHE}/duckdb-1.5.5)
if(NOT EXISTS ${DUCKDB}/lib/libduckdb_static.a)
  message(FATAL_ERROR "DuckDB is not in ${DUCKDB}: run `make setup` first")
endif()

find_package(Threads REQUIRED)
find_package(GTest REQUIRED)

add_library(duckdb INTERFACE)
target_include_directories(duckdb SYSTEM INTERFACE ${DUCKDB}/include)
foreach(archive
    duckdb_static duckdb_generated_extension_loader autocomplete_extension core_functions_extension icu_extension
    json_extension parquet_extension duckdb_fastpforlib duckdb_fmt duckdb_fsst duckdb_hyperloglog duckdb_mbedtls
    duckdb_miniz duckdb_pg_query duckdb_re2 duckdb_skiplistlib duckdb_utf8proc duckdb_yyjson duckdb_zstd)
  target_link_libraries(duckdb INTERFACE ${DUCKDB}/lib/lib${archive}.a)
endforeach()
target_link_libraries(duckdb INTERFACE Threads::Threads dl m)

# Only the static archive of a Debian library.
function(static_library name archive)
  find_library(${name}_ARCHIVE NAMES ${archive} REQUIRED)
  add_library(${name} INTERFACE)
  target_link_libraries(${name} INTERFACE ${${name}_ARCHIVE} ${ARGN})
endfunction()
static_library(yaml_static libyaml-cpp.a)
static_library(sqlite_static libsqlite3.a m dl Threads::Threads)
static_library(bzip2_static libbz2.a)
static_library(expat_static libexpat.a)
# The tables of ICU are a library of their own, 31 MB.
find_library(icu_data_ARCHIVE NAMES libicudata.a REQUIRED)
find_library(icu_uc_ARCHIVE NAMES libicuuc.a REQUIRED)
static_library(icu_static libicui18n.a ${icu_uc_ARCHIVE} ${icu_data_ARCHIVE})
static_library(crypto_static libcrypto.a dl Threads::Threads)
static_library(pugixml_static libpugixml.a)
static_library(snappy_static libsnappy.a)
static_library(tinfo_static libtinfo.a)
static_library(md_static libmd.a)
static_library(bsd_static libbsd.a md_static)
static_library(edit_static libedit.a bsd_static tinfo_static)
static_library(zlib_static libz.a)
static_library(zstd_static libzstd.a)
static_library(lz4_static liblz4.a)
# Compiled once, not in every file that formats.
add_library(fmt_static STATIC cmake/fmt.cc)

# What each room links besides the rooms below it.
set(room_base_links fmt_static)
set(room_storage_links bzip2_static snappy_static zlib_static zstd_static lz4_static)
set(room_sql_links expat_static)
set(room_engine_duckdb_links duckdb crypto_static icu_static pugixml_static)
set(room_document_links yaml_static)
set(room_job_links sqlite_static)
set(room_app_links edit_static)
