//go:build cgo && (linux || windows)

// The calls into Vulkan that take structs in arrays, which the Go binding frees too
// early, and those that it is too old to know: queries of features, matrix shapes,
// required subgroup sizes, messages of the validation layer. Sizes and numbers are
// from the Vulkan specification, version 1.3.

#include "companion.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef _WIN32
#include <windows.h>
#define VKAPI __stdcall
#else
#include <dlfcn.h>
#define VKAPI
#endif

#include "companion_abi.h"

static PFN_GetInstanceProcAddr get_proc;
static vkc_pointer the_instance;

#ifdef _WIN32
static void *open_library(char *why, size_t room)
{
	HMODULE library = LoadLibraryA("vulkan-1.dll");
	if (!library) {
		snprintf(why, room, "vulkan-1.dll cannot be loaded (error %lu)", GetLastError());
		return NULL;
	}
	return (void *)GetProcAddress(library, "vkGetInstanceProcAddr");
}
#else
static void *open_library(char *why, size_t room)
{
	void *library = dlopen("libvulkan.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!library) {
		snprintf(why, room, "%s", dlerror());
		library = dlopen("libvulkan.so", RTLD_NOW | RTLD_LOCAL);
	}
	return library ? dlsym(library, "vkGetInstanceProcAddr") : NULL;
}
#endif

void *vkc_open(char *why, size_t room)
{
	why[0] = 0;
	get_proc = (PFN_GetInstanceProcAddr)open_library(why, room);
	if (!get_proc && !why[0])
		snprintf(why, room, "the loader has no vkGetInstanceProcAddr");
	return (void *)get_proc;
}

// PROC finds a function of the instance; every one asked for here is of Vulkan 1.1 or
// was checked before.
#define PROC(name) ((PFN_##name)get_proc(the_instance, "vk" #name))

void (*vkc_proc(const char *name))(void) { return (void (*)(void))get_proc(the_instance, name); }

static vkc_pointer pointer(vkc_handle h) { return (vkc_pointer)(uintptr_t)h; }
static vkc_handle handle(vkc_pointer p) { return (vkc_handle)(uintptr_t)p; }

extern void vulkanMessage(uint32_t severity, char *text);

static uint32_t VKAPI message(uint32_t severity, uint32_t types, const struct MessengerData *data, void *user)
{
	(void)types, (void)user;
	vulkanMessage(severity, (char *)data->message);
	return 0;
}

static void hear(void)
{
	struct MessengerInfo info = {
		.type = T_MESSENGER,
		.severities = MESSAGE_WARNING | MESSAGE_ERROR,
		.types = MESSAGE_VALIDATION | MESSAGE_PERFORMANCE | MESSAGE_GENERAL,
		.callback = message,
	};
	uint64_t messenger; // lives as long as the process
	PFN_CreateDebugUtilsMessengerEXT create = PROC(CreateDebugUtilsMessengerEXT);
	if (create)
		create(the_instance, &info, NULL, &messenger);
}

int32_t vkc_instance(int validate, vkc_handle *instance, uint32_t *version)
{
	*version = MAKE_VERSION(1, 0);
	PFN_EnumerateInstanceVersion ask = PROC(EnumerateInstanceVersion);
	if (ask)
		ask(version);
	// A loader of 1.1 takes any version that one asks for, and a device's is what counts then. One
	// of 1.0 refuses all but its own.
	struct ApplicationInfo application = {
		.type = T_APPLICATION, .name = "bytom-solo",
		.api = *version < MAKE_VERSION(1, 1) ? MAKE_VERSION(1, 0) : MAKE_VERSION(1, 3),
	};
	static const char *const layer = "VK_LAYER_KHRONOS_validation";
	static const char *const extensions[] = {"VK_EXT_debug_utils", "VK_EXT_validation_features"};
	static const uint32_t synchronization = VALIDATE_SYNCHRONIZATION;
	struct ValidationFeatures features = {.type = T_VALIDATION_FEATURES, .enabled_count = 1, .enabled = &synchronization};
	struct InstanceInfo info = {.type = T_INSTANCE, .application = &application};
	if (validate) {
		info.next = &features;
		info.layer_count = 1, info.layers = &layer;
		info.extension_count = 2, info.extensions = extensions;
	}
	int32_t result = PROC(CreateInstance)(&info, NULL, &the_instance);
	*instance = handle(the_instance);
	if (result == 0 && validate)
		hear();
	return result;
}

// link puts a struct into a chain that begins at head.
static void link(void *head, void *part)
{
	((struct Chained *)part)->next = ((struct Chained *)head)->next;
	((struct Chained *)head)->next = part;
}

static uint32_t compute_family(vkc_pointer physical)
{
	uint32_t count = 0, found = UINT32_MAX;
	PFN_GetPhysicalDeviceQueueFamilyProperties ask = PROC(GetPhysicalDeviceQueueFamilyProperties);
	ask(physical, &count, NULL);
	struct QueueFamily *all = calloc(count + 1, sizeof *all);
	ask(physical, &count, all);
	for (uint32_t i = count; i-- > 0;) {
		// One that does not draw is best: a desktop goes on beside it.
		if ((all[i].flags & QUEUE_COMPUTE) && (found == UINT32_MAX || !(all[i].flags & QUEUE_GRAPHICS) || (all[found].flags & QUEUE_GRAPHICS)))
			found = i;
	}
	free(all);
	return found;
}

static int32_t list_extensions(vkc_pointer physical, struct vkc_offer *offer, uint32_t *listed)
{
	uint32_t count = 0;
	PFN_EnumerateDeviceExtensionProperties ask = PROC(EnumerateDeviceExtensionProperties);
	int32_t result = ask(physical, NULL, &count, NULL);
	if (result < 0)
		return result;
	struct Extension *all = calloc(count + 1, sizeof *all);
	result = ask(physical, NULL, &count, all);
	for (uint32_t i = 0; i < count; i++) {
		offer->matrix_extension |= !strcmp(all[i].name, "VK_KHR_cooperative_matrix");
		offer->dot_extension |= !strcmp(all[i].name, "VK_KHR_shader_integer_dot_product");
		offer->statistics |= !strcmp(all[i].name, "VK_KHR_pipeline_executable_properties");
		offer->portability |= !strcmp(all[i].name, "VK_KHR_portability_subset");
		*listed |= !strcmp(all[i].name, "VK_EXT_subgroup_size_control");
	}
	free(all);
	return result;
}

static void query_properties(vkc_pointer physical, struct vkc_offer *offer, int sized)
{
	struct Properties2 all = {.type = T_PROPERTIES_2};
	struct IdProperties id = {.type = T_ID_PROPERTIES};
	struct SubgroupProperties subgroup = {.type = T_SUBGROUP_PROPERTIES};
	struct DriverProperties driver = {.type = T_DRIVER_PROPERTIES};
	struct SubgroupSizes sizes = {.type = T_SUBGROUP_SIZES};
	struct DotProperties dot = {.type = T_DOT_PROPERTIES};
	link(&all, &id);
	link(&all, &subgroup);
	if (offer->api >= MAKE_VERSION(1, 2))
		link(&all, &driver);
	if (sized)
		link(&all, &sizes);
	if (offer->dot_extension || offer->api >= MAKE_VERSION(1, 3))
		link(&all, &dot);
	PROC(GetPhysicalDeviceProperties2)(physical, &all);

	memcpy(offer->uuid, id.device, sizeof offer->uuid);
	offer->subgroup = offer->subgroup_least = offer->subgroup_most = subgroup.size;
	if (sized)
		offer->subgroup_least = sizes.least, offer->subgroup_most = sizes.most, offer->subgroups = sizes.subgroups;
	offer->driver_id = driver.id;
	memcpy(offer->driver_name, driver.name, sizeof offer->driver_name);
	memcpy(offer->driver_info, driver.info, sizeof offer->driver_info);
	offer->dot_accelerated = dot.accelerated[DOT_4X8_SIGNED];
}

static void query_features(vkc_pointer physical, struct vkc_offer *offer, int sized)
{
	struct Features2 all = {.type = T_FEATURES_2};
	struct Feature dot = {.type = T_DOT_FEATURES}, matrix = {.type = T_MATRIX_FEATURES};
	struct Feature int8 = {.type = T_INT8_FEATURES}, model = {.type = T_MODEL_FEATURES};
	struct Feature sizes = {.type = T_SIZE_FEATURES};
	if (offer->dot_extension || offer->api >= MAKE_VERSION(1, 3))
		link(&all, &dot);
	if (offer->api >= MAKE_VERSION(1, 2)) {
		link(&all, &int8);
		link(&all, &model);
	}
	if (sized)
		link(&all, &sizes);
	if (offer->matrix_extension)
		link(&all, &matrix);
	PROC(GetPhysicalDeviceFeatures2)(physical, &all);

	offer->dot = dot.on[0];
	offer->matrix = matrix.on[0];
	offer->int8 = int8.on[1];
	offer->memory_model = model.on[0], offer->device_scope = model.on[1];
	offer->sized = sizes.on[0], offer->full = sizes.on[1];
}

int32_t vkc_query(vkc_handle h, struct vkc_offer *offer)
{
	vkc_pointer physical = pointer(h);
	memset(offer, 0, sizeof *offer);
	struct Properties properties;
	PROC(GetPhysicalDeviceProperties)(physical, &properties);
	offer->api = properties.api;
	offer->driver_version = properties.driver;
	offer->vendor = properties.vendor, offer->device = properties.device;
	offer->type = properties.device_type;
	memcpy(offer->name, properties.name, sizeof offer->name);
	offer->shared_memory = properties.limits.compute_shared_memory;
	offer->invocations = properties.limits.compute_invocations;
	offer->size_x = properties.limits.compute_size[0];
	offer->groups_y = properties.limits.compute_groups[1];
	offer->storage_range = properties.limits.storage_range;
	offer->family = compute_family(physical);
	if (properties.api < MAKE_VERSION(1, 1))
		return 0;

	uint32_t sized = properties.api >= MAKE_VERSION(1, 3);
	int32_t result = list_extensions(physical, offer, &sized);
	if (result < 0)
		return result;
	query_properties(physical, offer, sized);
	query_features(physical, offer, sized);
	return 0;
}

int32_t vkc_device(vkc_handle physical, const struct vkc_offer *offer, const struct vkc_needs *needs, vkc_handle *device)
{
	const char *extensions[8];
	uint32_t count = 0;
	int new = offer->api >= MAKE_VERSION(1, 3);
	struct Features2 all = {.type = T_FEATURES_2};
	struct Feature dot = {.type = T_DOT_FEATURES, .on = {1}};
	struct Feature matrix = {.type = T_MATRIX_FEATURES, .on = {1}};
	struct Feature int8 = {.type = T_INT8_FEATURES, .on = {0, 1}};
	struct Feature model = {.type = T_MODEL_FEATURES, .on = {1, offer->device_scope}};
	struct Feature sizes = {.type = T_SIZE_FEATURES, .on = {1, 1}};
	struct Feature statistics = {.type = T_STATISTICS_FEATURES, .on = {1}};
	if (needs->statistics) {
		link(&all, &statistics);
		extensions[count++] = "VK_KHR_pipeline_executable_properties";
	}
	if (needs->dot) {
		link(&all, &dot);
		if (!new)
			extensions[count++] = "VK_KHR_shader_integer_dot_product";
	}
	if (needs->matrix) {
		link(&all, &matrix);
		link(&all, &int8);
		link(&all, &model);
		extensions[count++] = "VK_KHR_cooperative_matrix";
	}
	if (needs->sized) {
		link(&all, &sizes);
		if (!new)
			extensions[count++] = "VK_EXT_subgroup_size_control";
	}
	if (offer->portability)
		extensions[count++] = "VK_KHR_portability_subset";

	float priority = 0.5;
	struct QueueInfo queue = {.type = T_DEVICE_QUEUE, .family = needs->family, .count = 1, .priorities = &priority};
	struct DeviceInfo info = {
		.type = T_DEVICE, .next = &all, .queue_count = 1, .queues = &queue,
		.extension_count = count, .extensions = extensions,
	};
	vkc_pointer made = NULL;
	int32_t result = PROC(CreateDevice)(pointer(physical), &info, NULL, &made);
	*device = handle(made);
	return result;
}

int32_t vkc_shapes(vkc_handle physical, struct vkc_shape *shapes, uint32_t *room)
{
	PFN_GetPhysicalDeviceCooperativeMatrixPropertiesKHR ask = PROC(GetPhysicalDeviceCooperativeMatrixPropertiesKHR);
	uint32_t count = 0, found = 0;
	if (!ask)
		return 0;
	int32_t result = ask(pointer(physical), &count, NULL);
	if (result < 0)
		return result;
	struct MatrixProperties *all = calloc(count + 1, sizeof *all);
	for (uint32_t i = 0; i < count; i++)
		all[i].type = T_MATRIX_PROPERTIES;
	result = ask(pointer(physical), &count, all);
	for (uint32_t i = 0; i < count && found < *room; i++) {
		struct MatrixProperties *p = &all[i];
		if (p->a == COMPONENT_SINT8 && p->b == COMPONENT_SINT8 && p->c == COMPONENT_SINT32 && p->result == COMPONENT_SINT32 &&
		    p->scope == SCOPE_SUBGROUP && !p->saturating)
			shapes[found++] = (struct vkc_shape){p->m, p->n, p->k};
	}
	*room = found;
	free(all);
	return result;
}

int32_t vkc_module(vkc_handle device, const uint32_t *code, size_t size, vkc_handle *module)
{
	struct ModuleInfo info = {.type = T_SHADER_MODULE, .size = size, .code = code};
	return PROC(CreateShaderModule)(pointer(device), &info, NULL, module);
}

int32_t vkc_cache(vkc_handle device, const void *data, size_t size, vkc_handle *cache)
{
	struct CacheInfo info = {.type = T_PIPELINE_CACHE, .size = size, .data = data};
	return PROC(CreatePipelineCache)(pointer(device), &info, NULL, cache);
}

int32_t vkc_layouts(vkc_handle device, uint32_t bindings, uint32_t push, vkc_handle *set, vkc_handle *pipeline)
{
	struct Binding all[VKC_BINDINGS];
	for (uint32_t i = 0; i < bindings; i++)
		all[i] = (struct Binding){.binding = i, .kind = STORAGE_BUFFER, .count = 1, .stages = STAGE_COMPUTE};
	struct SetLayoutInfo info = {.type = T_SET_LAYOUT, .count = bindings, .bindings = all};
	int32_t result = PROC(CreateDescriptorSetLayout)(pointer(device), &info, NULL, set);
	if (result < 0)
		return result;
	struct PushRange range = {.stages = STAGE_COMPUTE, .size = push};
	struct PipelineLayoutInfo layout = {.type = T_PIPELINE_LAYOUT, .count = 1, .sets = set, .range_count = push > 0, .ranges = &range};
	return PROC(CreatePipelineLayout)(pointer(device), &layout, NULL, pipeline);
}

int32_t vkc_set(vkc_handle device, vkc_handle layout, const vkc_handle *buffers, uint32_t count, vkc_handle *pool, vkc_handle *set)
{
	struct PoolSize size = {.kind = STORAGE_BUFFER, .count = count};
	struct PoolInfo info = {.type = T_DESCRIPTOR_POOL, .most = 1, .count = 1, .sizes = &size};
	int32_t result = PROC(CreateDescriptorPool)(pointer(device), &info, NULL, pool);
	if (result < 0)
		return result;
	struct SetInfo one = {.type = T_DESCRIPTOR_SET, .pool = *pool, .count = 1, .layouts = &layout};
	result = PROC(AllocateDescriptorSets)(pointer(device), &one, set);
	if (result < 0)
		return result;
	struct BufferPart parts[VKC_BINDINGS];
	struct SetWrite writes[VKC_BINDINGS];
	for (uint32_t i = 0; i < count; i++) {
		parts[i] = (struct BufferPart){.buffer = buffers[i], .range = WHOLE_SIZE};
		writes[i] = (struct SetWrite){.type = T_SET_WRITE, .set = *set, .binding = i, .count = 1, .kind = STORAGE_BUFFER, .buffers = &parts[i]};
	}
	PROC(UpdateDescriptorSets)(pointer(device), count, writes, 0, NULL);
	return result;
}

int32_t vkc_pipeline(vkc_handle device, vkc_handle cache, vkc_handle module, vkc_handle layout,
	const uint32_t *constants, uint32_t count, uint32_t subgroup, uint32_t statistics, vkc_handle *pipeline)
{
	struct MapEntry entries[VKC_CONSTANTS];
	for (uint32_t i = 0; i < count; i++)
		entries[i] = (struct MapEntry){.id = i, .offset = 4 * i, .size = 4};
	struct Specialization numbers = {.count = count, .entries = entries, .size = 4 * count, .data = constants};
	struct SubgroupRequirement required = {.type = T_REQUIRED_SUBGROUP, .size = subgroup};
	struct PipelineInfo info = {
		.type = T_COMPUTE_PIPELINE, .layout = layout, .base_index = -1, .flags = statistics ? CAPTURE_STATISTICS : 0,
		.stage = {.type = T_SHADER_STAGE, .stage = STAGE_COMPUTE, .module = module, .name = "main", .specialization = &numbers},
	};
	if (subgroup) {
		info.stage.next = &required;
		info.stage.flags = STAGE_FULL_SUBGROUPS;
	}
	return PROC(CreateComputePipelines)(pointer(device), cache, 1, &info, NULL, pipeline);
}

void vkc_copy(vkc_handle commands, vkc_handle from, vkc_handle to, uint64_t size)
{
	struct Copy region = {.size = size};
	PROC(CmdCopyBuffer)(pointer(commands), from, to, 1, &region);
}

void vkc_barrier(vkc_handle commands, uint32_t from_stage, uint32_t from_access, uint32_t to_stage, uint32_t to_access)
{
	struct Barrier barrier = {.type = T_MEMORY_BARRIER, .from = from_access, .to = to_access};
	PROC(CmdPipelineBarrier)(pointer(commands), from_stage, to_stage, 0, 1, &barrier, 0, NULL, 0, NULL);
}

int32_t vkc_submit(vkc_handle queue, vkc_handle commands, vkc_handle fence)
{
	vkc_pointer buffer = pointer(commands);
	struct Submit submit = {.type = T_SUBMIT, .count = 1, .commands = &buffer};
	return PROC(QueueSubmit)(pointer(queue), 1, &submit, fence);
}
