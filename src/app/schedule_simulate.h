// `tidemill schedule simulate`: what would run when, as a time line for people and as JSON.
#pragma once

#include <string>

#include "scheduler/simulation.h"

namespace tidemill::app {

std::string SimulationText(const scheduler::Timetable& timetable, const scheduler::World& world,
                           const scheduler::Simulation& simulation);
std::string SimulationJson(const scheduler::Timetable& timetable, const scheduler::World& world,
                           const scheduler::Simulation& simulation);

}  // namespace tidemill::app
