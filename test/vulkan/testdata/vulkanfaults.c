/* A Vulkan loader with faults, for tests: it is the real one, which VULKAN_FAULTS_LOADER
 * names, but for what the first of the physical devices does. Files in the folder
 * VULKAN_FAULTS say what that is, looked at before each submission:
 *
 * "lost": the device is lost, and stays so. The next attempt to open it fails as well,
 * and the one after that succeeds. The file is removed.
 *
 * "wrong": a bit is flipped in all the memory that the program has mapped, which is
 * what the shaders are about to read.
 *
 * "hangs": it does not open as long as the file is there.
 *
 * "minor": the loader is of no higher version than 1.MINOR, which the file has.
 *
 * "dies": the compiler of any device ends the process over a shader with dot products. */
#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SUCCESS = 0, INITIALIZATION_FAILED = -3, DEVICE_LOST = -4, MOST = 64 };

typedef void *handle;
typedef void (*any)(void);

static any (*real_get)(handle, const char *);
static handle the_instance;
/* What the first physical device has; a free place is 0. */
static handle victim, devices[MOST], queues[MOST], lost[MOST];
static struct {
	uint64_t memory;
	uint8_t *bytes;
} mapped[MOST];
static int unwilling;
static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;

#define REAL(name, result, ...) ((result(*)(__VA_ARGS__))real_get(the_instance, name))

static int find(handle *all, handle which)
{
	for (int i = 0; i < MOST; i++)
		if (all[i] == which)
			return i;
	return -1;
}

static void put(handle *all, handle which)
{
	int i = find(all, which) < 0 ? find(all, NULL) : -1;
	if (i >= 0)
		all[i] = which;
}

static void drop(handle *all, handle which)
{
	int i = find(all, which);
	if (i >= 0)
		all[i] = NULL;
}

static int asked(const char *name, int once)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", getenv("VULKAN_FAULTS"), name);
	return once ? unlink(path) == 0 : access(path, F_OK) == 0;
}

static int32_t instance_version(uint32_t *version)
{
	char path[4096];
	snprintf(path, sizeof path, "%s/minor", getenv("VULKAN_FAULTS"));
	int32_t result = REAL("vkEnumerateInstanceVersion", int32_t, uint32_t *)(version);
	FILE *file = fopen(path, "r");
	uint32_t minor;
	if (file && fscanf(file, "%u", &minor) == 1)
		*version = 1u << 22 | minor << 12;
	if (file)
		fclose(file);
	return result;
}

static int32_t create_instance(const void *info, const void *allocator, handle *instance)
{
	int32_t result = REAL("vkCreateInstance", int32_t, const void *, const void *, handle *)(info, allocator, instance);
	the_instance = *instance;
	return result;
}

static int32_t enumerate(handle instance, uint32_t *count, handle *all)
{
	int32_t result = REAL("vkEnumeratePhysicalDevices", int32_t, handle, uint32_t *, handle *)(instance, count, all);
	if (all && *count > 0)
		victim = all[0];
	return result;
}

static int32_t create_device(handle physical, const void *info, const void *allocator, handle *device)
{
	while (physical == victim && asked("hangs", 0))
		usleep(100000);
	pthread_mutex_lock(&guard);
	int fails = physical == victim && unwilling;
	if (fails)
		unwilling = 0;
	pthread_mutex_unlock(&guard);
	if (fails)
		return INITIALIZATION_FAILED;
	int32_t result = REAL("vkCreateDevice", int32_t, handle, const void *, const void *, handle *)(physical, info, allocator, device);
	pthread_mutex_lock(&guard);
	drop(devices, *device);
	if (result == SUCCESS && physical == victim)
		put(devices, *device);
	pthread_mutex_unlock(&guard);
	return result;
}

static void get_queue(handle device, uint32_t family, uint32_t index, handle *queue)
{
	REAL("vkGetDeviceQueue", void, handle, uint32_t, uint32_t, handle *)(device, family, index, queue);
	pthread_mutex_lock(&guard);
	drop(queues, *queue);
	drop(lost, *queue);
	if (find(devices, device) >= 0)
		put(queues, *queue);
	pthread_mutex_unlock(&guard);
}

static int32_t map_memory(handle device, uint64_t memory, uint64_t offset, uint64_t size, uint32_t flags, void **data)
{
	int32_t result = REAL("vkMapMemory", int32_t, handle, uint64_t, uint64_t, uint64_t, uint32_t, void **)(device, memory, offset, size, flags, data);
	pthread_mutex_lock(&guard);
	for (int i = 0; result == SUCCESS && find(devices, device) >= 0 && i < MOST; i++)
		if (!mapped[i].memory) {
			mapped[i].memory = memory, mapped[i].bytes = *data;
			break;
		}
	pthread_mutex_unlock(&guard);
	return result;
}

static void free_memory(handle device, uint64_t memory, const void *allocator)
{
	pthread_mutex_lock(&guard);
	for (int i = 0; memory && i < MOST; i++)
		if (mapped[i].memory == memory)
			mapped[i].memory = 0;
	pthread_mutex_unlock(&guard);
	REAL("vkFreeMemory", void, handle, uint64_t, const void *)(device, memory, allocator);
}

static int has_dot_products(const uint32_t *code, size_t words)
{
	enum { HEADER = 5, CAPABILITY = 2 << 16 | 17, DOT_PRODUCT = 6019 };
	for (size_t i = HEADER; i + 1 < words && code[i] == CAPABILITY; i += 2)
		if (code[i + 1] == DOT_PRODUCT)
			return 1;
	return 0;
}

struct module_info {
	int32_t type;
	const void *next;
	uint32_t flags;
	size_t size;
	const uint32_t *code;
};

/* A module is compiled as soon as it is there. */
static int32_t create_module(handle device, const struct module_info *info, const void *allocator, uint64_t *module)
{
	if (asked("dies", 0) && has_dot_products(info->code, info->size / 4))
		raise(SIGSEGV);
	return REAL("vkCreateShaderModule", int32_t, handle, const void *, const void *, uint64_t *)(device, info, allocator, module);
}

static int32_t submit(handle queue, uint32_t count, const void *batches, uint64_t fence)
{
	pthread_mutex_lock(&guard);
	if (find(queues, queue) >= 0) {
		if (asked("lost", 1)) {
			put(lost, queue);
			unwilling = 1;
		}
		for (int i = 0; i < MOST && asked("wrong", 0); i++)
			if (mapped[i].memory)
				mapped[i].bytes[0] ^= 1;
	}
	int gone = find(lost, queue) >= 0;
	pthread_mutex_unlock(&guard);
	if (gone)
		return DEVICE_LOST;
	return REAL("vkQueueSubmit", int32_t, handle, uint32_t, const void *, uint64_t)(queue, count, batches, fence);
}

__attribute__((visibility("default"))) any vkGetInstanceProcAddr(handle instance, const char *name)
{
	static const struct {
		const char *name;
		any function;
	} ours[] = {
		{"vkEnumerateInstanceVersion", (any)instance_version}, {"vkCreateInstance", (any)create_instance}, {"vkEnumeratePhysicalDevices", (any)enumerate},
		{"vkCreateDevice", (any)create_device}, {"vkGetDeviceQueue", (any)get_queue},
		{"vkCreateShaderModule", (any)create_module}, {"vkMapMemory", (any)map_memory}, {"vkFreeMemory", (any)free_memory}, {"vkQueueSubmit", (any)submit},
	};
	if (!real_get) {
		void *loader = dlopen(getenv("VULKAN_FAULTS_LOADER"), RTLD_NOW | RTLD_LOCAL);
		real_get = loader ? (any(*)(handle, const char *))dlsym(loader, "vkGetInstanceProcAddr") : NULL;
		if (!real_get) {
			fprintf(stderr, "vulkanfaults: %s\n", dlerror());
			return NULL;
		}
	}
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
		if (!strcmp(name, ours[i].name))
			return ours[i].function;
	return real_get(instance, name);
}
