#include "sim/world.h"

#include "base/base64.h"
#include "crypto/kdf.h"
#include "json/json.h"

#include <algorithm>
#include <stdexcept>

namespace sim {
namespace {

// Ids look like the service's and are the same in every run.
std::string uuid_of(std::string_view name) {
    static constexpr std::string_view digits = "0123456789abcdef";
    const crypto::Sha256 hash = crypto::sha256(base::as_bytes(name));
    std::string out;
    for (std::size_t i = 0; i < 16; ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out += '-';
        const auto byte = i == 6   ? static_cast<std::uint8_t>((hash[i] & 0x0F) | 0x50)
                          : i == 8 ? static_cast<std::uint8_t>((hash[i] & 0x3F) | 0x80)
                                   : hash[i];
        out += {digits[byte >> 4], digits[byte & 15]};
    }
    return out;
}

std::vector<Model> all_models() {
    const auto chat = [](std::string id, std::string confidential, std::size_t instances) {
        return Model{id, id, {}, std::move(confidential), 1'750'000'000, instances, ModelKind::chat, 131'072};
    };
    std::vector<Model> models = {
        chat("deepseek-ai/DeepSeek-V3.1-TEE", "true", 6),
        chat("deepseek-ai/DeepSeek-V3.2-Speciale-TEE", "true", 3),
        chat("zai-org/GLM-4.7-TEE", "true", 3),
        chat("moonshotai/Kimi-K2.5-TEE", "true", 3),
        chat("XiaomiMiMo/MiMo-V2-Flash-TEE", "true", 2),
        chat("Qwen/Qwen3-32B", "false", 2),
        chat("sim/Single-TEE", "true", 1),
        chat("sim/Small-Context-TEE", "true", 2),
        chat("sim/No-Instances-TEE", "true", 0),
        chat("sim/Only-Looks-TEE", "\"true\"", 1),
        chat("sim/Unsaid", "null", 1),
        chat("sim/Family-A-TEE", "true", 2),
        chat("sim/Family-B-TEE", "true", 2),
        chat("sim/Embedding-TEE", "true", 2),
    };
    for (Model& model : models) {
        model.chute = uuid_of("chute " + model.id);
        if (model.id.starts_with("sim/Family-")) model.root = "sim/Family";
        if (model.id == "sim/Family-B-TEE") model.created += 1000;  // the newer of the two
        if (model.id == "sim/Small-Context-TEE") model.context_length = 1000;
        if (model.id == "sim/Embedding-TEE") model.kind = ModelKind::embedding;
    }
    return models;
}

}  // namespace

void Instance::restart() {
    auto pair = crypto::DecapsulationKey::generate();
    if (!pair) throw std::runtime_error("cannot make an instance's key");
    std::string text = base::base64_encode(pair->public_key());
    keys.push_back({std::move(*pair), std::move(text)});
    cached_prefixes.clear();
}

World::World() : models_(all_models()) {
    for (const Model& model : models_) {
        for (std::size_t i = 0; i < model.instances; ++i) {
            auto instance = std::make_unique<Instance>();
            instance->id = uuid_of("instance " + std::to_string(i) + " of " + model.id);
            instance->chute = model.chute;
            instance->restart();
            instances_.push_back(std::move(instance));
        }
    }
    const auto chute = [this](std::string_view id) { return chute_named(id); };
    aliases_ = {
        {"sim-fast", {chute("deepseek-ai/DeepSeek-V3.1-TEE")}},
        {"sim-open", {chute("Qwen/Qwen3-32B")}},
        {"sim-either", {chute("zai-org/GLM-4.7-TEE"), chute("moonshotai/Kimi-K2.5-TEE")}},
        {"sim-nowhere", {uuid_of("a chute that is not in the list")}},
        {"sim-empty", {}},
    };
}

const Model* World::model_of_chute(std::string_view chute) const {
    const auto found = std::ranges::find(models_, chute, &Model::chute);
    return found == models_.end() ? nullptr : &*found;
}

Instance* World::instance(std::string_view id) const {
    const auto found = std::ranges::find_if(instances_, [&](const auto& instance) { return instance->id == id; });
    return found == instances_.end() ? nullptr : found->get();
}

std::vector<Instance*> World::active_instances(std::string_view chute) const {
    std::vector<Instance*> out;
    for (const auto& instance : instances_) {
        if (instance->chute == chute && instance->active && instance->known) out.push_back(instance.get());
    }
    return out;
}

std::string World::chute_named(std::string_view model_or_chute) const {
    const auto found = std::ranges::find(models_, model_or_chute, &Model::id);
    return found == models_.end() ? std::string(model_or_chute) : found->chute;
}

std::string World::models_json() const {
    json::Writer out;
    out.begin_object().member("object", "list").key("data").begin_array();
    for (const Model& model : models_) {
        out.begin_object();
        out.member("id", model.id)
            .member("root", model.root)
            .member_raw("price", R"({"input":{"usd":0.25},"output":{"usd":1.0}})");
        out.member("object", "model").member_null("parent").member_integer("created", model.created);
        out.member("owned_by", "sglang").member("chute_id", model.chute).member("quantization", "fp8");
        out.member_integer("max_model_len", model.context_length).member_integer("context_length", model.context_length);
        out.member_raw("input_modalities", R"(["text"])").member_raw("output_modalities", R"(["text"])");
        out.member_raw("supported_features", R"(["json_mode","tools","structured_outputs","reasoning"])");
        out.member_raw("confidential_compute", model.confidential);
        out.end_object();
    }
    return out.end_array().end_object().take();
}

std::string World::aliases_json() const {
    json::Writer out;
    out.begin_array();
    for (const Alias& alias : aliases_) {
        out.begin_object().member("alias", alias.name).key("chute_ids").begin_array();
        for (const std::string& chute : alias.chutes) out.string(chute);
        out.end_array().end_object();
    }
    return out.end_array().take();
}

void World::reset() {
    for (const auto& instance : instances_) instance->active = instance->known = true;
}

}  // namespace sim
