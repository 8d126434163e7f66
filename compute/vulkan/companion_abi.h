// The part of Vulkan's binary interface that companion.c uses, from the Vulkan
// specification: structs have the fields of their namesakes there, in that order.
#ifndef BYTOM_SOLO_COMPANION_ABI_H
#define BYTOM_SOLO_COMPANION_ABI_H

#include <stddef.h>
#include <stdint.h>

typedef void *vkc_pointer;

#define MAKE_VERSION(major, minor) ((uint32_t)(major) << 22 | (uint32_t)(minor) << 12)
#define WHOLE_SIZE (~(uint64_t)0)

enum { // VkStructureType
	T_APPLICATION = 0,
	T_INSTANCE = 1,
	T_DEVICE_QUEUE = 2,
	T_DEVICE = 3,
	T_SUBMIT = 4,
	T_SHADER_MODULE = 16,
	T_PIPELINE_CACHE = 17,
	T_SHADER_STAGE = 18,
	T_COMPUTE_PIPELINE = 29,
	T_PIPELINE_LAYOUT = 30,
	T_SET_LAYOUT = 32,
	T_DESCRIPTOR_POOL = 33,
	T_DESCRIPTOR_SET = 34,
	T_SET_WRITE = 35,
	T_MEMORY_BARRIER = 46,
	T_FEATURES_2 = 1000059000,
	T_PROPERTIES_2 = 1000059001,
	T_ID_PROPERTIES = 1000071004,
	T_INT8_FEATURES = 1000082000,
	T_SUBGROUP_PROPERTIES = 1000094000,
	T_MESSENGER = 1000128004,
	T_DRIVER_PROPERTIES = 1000196000,
	T_MODEL_FEATURES = 1000211000,
	T_SUBGROUP_SIZES = 1000225000,
	T_REQUIRED_SUBGROUP = 1000225001,
	T_SIZE_FEATURES = 1000225002,
	T_VALIDATION_FEATURES = 1000247000,
	T_STATISTICS_FEATURES = 1000269000,
	T_DOT_FEATURES = 1000280000,
	T_DOT_PROPERTIES = 1000280001,
	T_MATRIX_FEATURES = 1000506000,
	T_MATRIX_PROPERTIES = 1000506001,
};

enum {
	QUEUE_GRAPHICS = 1,
	QUEUE_COMPUTE = 2,
	STAGE_COMPUTE = 0x20, // VkShaderStageFlagBits
	STAGE_FULL_SUBGROUPS = 2,
	CAPTURE_STATISTICS = 0x40, // VkPipelineCreateFlagBits
	STORAGE_BUFFER = 7,
	SCOPE_SUBGROUP = 3,
	COMPONENT_SINT8 = 3,
	COMPONENT_SINT32 = 5,
	DOT_4X8_SIGNED = 4, // its place among the properties of dot products
	VALIDATE_SYNCHRONIZATION = 4,
	MESSAGE_WARNING = 0x100,
	MESSAGE_ERROR = 0x1000,
	MESSAGE_GENERAL = 1,
	MESSAGE_VALIDATION = 2,
	MESSAGE_PERFORMANCE = 4,
};

struct Chained {
	int32_t type;
	void *next;
};

struct ApplicationInfo {
	int32_t type;
	const void *next;
	const char *name;
	uint32_t version;
	const char *engine;
	uint32_t engine_version, api;
};

struct InstanceInfo {
	int32_t type;
	const void *next;
	uint32_t flags;
	const struct ApplicationInfo *application;
	uint32_t layer_count;
	const char *const *layers;
	uint32_t extension_count;
	const char *const *extensions;
};

struct ValidationFeatures {
	int32_t type;
	const void *next;
	uint32_t enabled_count;
	const uint32_t *enabled;
	uint32_t disabled_count;
	const uint32_t *disabled;
};

struct MessengerData {
	int32_t type;
	const void *next;
	uint32_t flags;
	const char *id;
	int32_t number;
	const char *message;
	// more follows
};

struct MessengerInfo {
	int32_t type;
	const void *next;
	uint32_t flags, severities, types;
	uint32_t(VKAPI *callback)(uint32_t, uint32_t, const struct MessengerData *, void *);
	void *user;
};

struct Limits { // the fields needed, at their places among all
	uint32_t before_range[7], storage_range;
	uint32_t before_compute[46];
	uint32_t compute_shared_memory, compute_groups[3], compute_invocations, compute_size[3];
	uint32_t after[64];
};

struct Properties {
	uint32_t api, driver, vendor, device;
	int32_t device_type;
	char name[256];
	uint8_t cache[16];
	uint32_t alignment; // of the limits, which have numbers of 64 bits
	struct Limits limits;
	uint32_t sparse[5], end;
};

struct Properties2 {
	int32_t type;
	void *next;
	uint64_t properties[103]; // 824 bytes
};

struct IdProperties {
	int32_t type;
	void *next;
	uint8_t device[16], driver[16], local[8];
	uint32_t mask, local_valid;
};

struct SubgroupProperties {
	int32_t type;
	void *next;
	uint32_t size, stages, operations, quads;
};

struct DriverProperties {
	int32_t type;
	void *next;
	uint32_t id;
	char name[256], info[256];
	uint8_t conformance[4];
};

struct SubgroupSizes {
	int32_t type;
	void *next;
	uint32_t least, most, subgroups, stages;
};

struct DotProperties {
	int32_t type;
	void *next;
	uint32_t accelerated[30];
};

struct Features2 {
	int32_t type;
	void *next;
	uint32_t features[55];
};

// Feature is any of the small structs of features: the longest of them has three.
struct Feature {
	int32_t type;
	void *next;
	uint32_t on[3];
};

struct MatrixProperties {
	int32_t type;
	void *next;
	uint32_t m, n, k;
	int32_t a, b, c, result;
	uint32_t saturating;
	int32_t scope;
};

struct QueueFamily {
	uint32_t flags, count, timestamp_bits, granularity[3];
};

struct Extension {
	char name[256];
	uint32_t version;
};

struct QueueInfo {
	int32_t type;
	const void *next;
	uint32_t flags, family, count;
	const float *priorities;
};

struct DeviceInfo {
	int32_t type;
	const void *next;
	uint32_t flags, queue_count;
	const struct QueueInfo *queues;
	uint32_t layer_count;
	const char *const *layers;
	uint32_t extension_count;
	const char *const *extensions;
	const void *features;
};

struct Binding {
	uint32_t binding;
	int32_t kind;
	uint32_t count, stages;
	const void *samplers;
};

struct SetLayoutInfo {
	int32_t type;
	const void *next;
	uint32_t flags, count;
	const struct Binding *bindings;
};

struct ModuleInfo {
	int32_t type;
	const void *next;
	uint32_t flags;
	size_t size;
	const uint32_t *code;
};

struct CacheInfo {
	int32_t type;
	const void *next;
	uint32_t flags;
	size_t size;
	const void *data;
};

struct PushRange {
	uint32_t stages, offset, size;
};

struct PipelineLayoutInfo {
	int32_t type;
	const void *next;
	uint32_t flags, count;
	const uint64_t *sets;
	uint32_t range_count;
	const struct PushRange *ranges;
};

struct PoolSize {
	int32_t kind;
	uint32_t count;
};

struct PoolInfo {
	int32_t type;
	const void *next;
	uint32_t flags, most, count;
	const struct PoolSize *sizes;
};

struct SetInfo {
	int32_t type;
	const void *next;
	uint64_t pool;
	uint32_t count;
	const uint64_t *layouts;
};

struct BufferPart {
	uint64_t buffer, offset, range;
};

struct SetWrite {
	int32_t type;
	const void *next;
	uint64_t set;
	uint32_t binding, element, count;
	int32_t kind;
	const void *images;
	const struct BufferPart *buffers;
	const void *views;
};

struct MapEntry {
	uint32_t id, offset;
	size_t size;
};

struct Specialization {
	uint32_t count;
	const struct MapEntry *entries;
	size_t size;
	const void *data;
};

struct SubgroupRequirement {
	int32_t type;
	void *next;
	uint32_t size;
};

struct ShaderStage {
	int32_t type;
	const void *next;
	uint32_t flags, stage;
	uint64_t module;
	const char *name;
	const struct Specialization *specialization;
};

struct PipelineInfo {
	int32_t type;
	const void *next;
	uint32_t flags;
	struct ShaderStage stage;
	uint64_t layout, base;
	int32_t base_index;
};

struct Copy {
	uint64_t from, to, size;
};

struct Barrier {
	int32_t type;
	const void *next;
	uint32_t from, to;
};

struct Submit {
	int32_t type;
	const void *next;
	uint32_t wait_count;
	const uint64_t *waits;
	const uint32_t *stages;
	uint32_t count;
	const vkc_pointer *commands;
	uint32_t signal_count;
	const uint64_t *signals;
};

typedef vkc_pointer(VKAPI *PFN_GetInstanceProcAddr)(vkc_pointer, const char *);
typedef int32_t(VKAPI *PFN_EnumerateInstanceVersion)(uint32_t *);
typedef int32_t(VKAPI *PFN_CreateInstance)(const struct InstanceInfo *, const void *, vkc_pointer *);
typedef int32_t(VKAPI *PFN_CreateDebugUtilsMessengerEXT)(vkc_pointer, const struct MessengerInfo *, const void *, uint64_t *);
typedef void(VKAPI *PFN_GetPhysicalDeviceProperties)(vkc_pointer, struct Properties *);
typedef void(VKAPI *PFN_GetPhysicalDeviceProperties2)(vkc_pointer, struct Properties2 *);
typedef void(VKAPI *PFN_GetPhysicalDeviceFeatures2)(vkc_pointer, struct Features2 *);
typedef void(VKAPI *PFN_GetPhysicalDeviceQueueFamilyProperties)(vkc_pointer, uint32_t *, struct QueueFamily *);
typedef int32_t(VKAPI *PFN_EnumerateDeviceExtensionProperties)(vkc_pointer, const char *, uint32_t *, struct Extension *);
typedef int32_t(VKAPI *PFN_GetPhysicalDeviceCooperativeMatrixPropertiesKHR)(vkc_pointer, uint32_t *, struct MatrixProperties *);
typedef int32_t(VKAPI *PFN_CreateDevice)(vkc_pointer, const struct DeviceInfo *, const void *, vkc_pointer *);
typedef int32_t(VKAPI *PFN_CreateDescriptorSetLayout)(vkc_pointer, const struct SetLayoutInfo *, const void *, uint64_t *);
typedef int32_t(VKAPI *PFN_CreateShaderModule)(vkc_pointer, const struct ModuleInfo *, const void *, uint64_t *);
typedef int32_t(VKAPI *PFN_CreatePipelineCache)(vkc_pointer, const struct CacheInfo *, const void *, uint64_t *);
typedef int32_t(VKAPI *PFN_CreatePipelineLayout)(vkc_pointer, const struct PipelineLayoutInfo *, const void *, uint64_t *);
typedef int32_t(VKAPI *PFN_CreateDescriptorPool)(vkc_pointer, const struct PoolInfo *, const void *, uint64_t *);
typedef int32_t(VKAPI *PFN_AllocateDescriptorSets)(vkc_pointer, const struct SetInfo *, uint64_t *);
typedef void(VKAPI *PFN_UpdateDescriptorSets)(vkc_pointer, uint32_t, const struct SetWrite *, uint32_t, const void *);
typedef int32_t(VKAPI *PFN_CreateComputePipelines)(vkc_pointer, uint64_t, uint32_t, const struct PipelineInfo *, const void *, uint64_t *);
typedef void(VKAPI *PFN_CmdCopyBuffer)(vkc_pointer, uint64_t, uint64_t, uint32_t, const struct Copy *);
typedef void(VKAPI *PFN_CmdPipelineBarrier)(vkc_pointer, uint32_t, uint32_t, uint32_t, uint32_t, const struct Barrier *, uint32_t, const void *, uint32_t, const void *);
typedef int32_t(VKAPI *PFN_QueueSubmit)(vkc_pointer, uint32_t, const struct Submit *, uint64_t);

#endif
