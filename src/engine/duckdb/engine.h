// engine.h: the native engine's front door.
#pragma once

#include <memory>

#include "engine/engine.h"
#include "storage/storage.h"

namespace tidemill::engine::duckdb {

// `storage` must outlive the engine and its sessions.
std::unique_ptr<Engine> MakeEngine(storage::Storage& storage);

}  // namespace tidemill::engine::duckdb
