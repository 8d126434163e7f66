//go:build cgo && (linux || windows)

// What the driver's compiler says of a shader: VK_KHR_pipeline_executable_properties.

#include "companion.h"

#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#define VKAPI __stdcall
#else
#define VKAPI
#endif

enum { // VkStructureType
	T_PIPELINE = 1000269001,
	T_EXECUTABLE_PROPERTIES = 1000269002,
	T_EXECUTABLE = 1000269003,
	T_STATISTIC = 1000269004,
};

enum { FORMAT_INT64 = 1, FORMAT_UINT64 = 2 };

struct Pipeline {
	int32_t type;
	const void *next;
	uint64_t pipeline;
};

struct ExecutableProperties {
	int32_t type;
	void *next;
	uint32_t stages;
	char name[256], description[256];
	uint32_t subgroup;
};

struct Executable {
	int32_t type;
	const void *next;
	uint64_t pipeline;
	uint32_t index;
};

struct Statistic {
	int32_t type;
	void *next;
	char name[256], description[256];
	int32_t format;
	uint64_t value;
};

typedef int32_t(VKAPI *PFN_GetPipelineExecutablePropertiesKHR)(void *, const struct Pipeline *, uint32_t *, struct ExecutableProperties *);
typedef int32_t(VKAPI *PFN_GetPipelineExecutableStatisticsKHR)(void *, const struct Executable *, uint32_t *, struct Statistic *);

// executable lists the statistics of one of a pipeline's executables behind those that are
// there already.
static int32_t executable(void *device, const struct Executable *which, struct vkc_statistic *statistics, uint32_t room, uint32_t *found)
{
	PFN_GetPipelineExecutableStatisticsKHR ask = (PFN_GetPipelineExecutableStatisticsKHR)vkc_proc("vkGetPipelineExecutableStatisticsKHR");
	uint32_t count = 0;
	int32_t result = ask(device, which, &count, NULL);
	if (result < 0)
		return result;
	struct Statistic *all = calloc(count + 1, sizeof *all);
	for (uint32_t i = 0; i < count; i++)
		all[i].type = T_STATISTIC;
	result = ask(device, which, &count, all);
	for (uint32_t i = 0; result >= 0 && i < count && *found < room; i++)
		if (all[i].format == FORMAT_INT64 || all[i].format == FORMAT_UINT64) {
			memcpy(statistics[*found].name, all[i].name, sizeof all[i].name);
			statistics[(*found)++].value = all[i].value;
		}
	free(all);
	return result;
}

int32_t vkc_statistics(vkc_handle h, vkc_handle pipeline, struct vkc_statistic *statistics, uint32_t *room)
{
	void *device = (void *)(uintptr_t)h;
	struct Pipeline which = {.type = T_PIPELINE, .pipeline = pipeline};
	PFN_GetPipelineExecutablePropertiesKHR ask = (PFN_GetPipelineExecutablePropertiesKHR)vkc_proc("vkGetPipelineExecutablePropertiesKHR");
	uint32_t count = 0, found = 0;
	int32_t result = ask(device, &which, &count, NULL);
	for (uint32_t i = 0; result >= 0 && i < count; i++) {
		struct Executable one = {.type = T_EXECUTABLE, .pipeline = pipeline, .index = i};
		result = executable(device, &one, statistics, *room, &found);
	}
	*room = found;
	return result;
}
