/** What `capture/environment.sh` notes, by the names that the Python tool has for it where it has one. */

export interface EnvironmentSection {
  name: string;
  /** In `full` only. */
  full?: true;
  /** The same whenever the same software is looked at: it counts for the environment's hash. */
  lasting?: true;
  /** Stands in `<model>_env.csv`. */
  table?: true;
}

export const environmentSections: readonly EnvironmentSection[] = [
  { name: 'os_information', lasting: true, table: true },
  { name: 'cpu_information', table: true },
  { name: 'memory_information', table: true },
  { name: 'numa_balancing', table: true },
  { name: 'container_limits', table: true },
  { name: 'environment_variables', table: true },
  { name: 'packages_installed', lasting: true, table: true },
  { name: 'pip_list', lasting: true, table: true },
  { name: 'gpu_information', table: true },
  { name: 'rocm_information', lasting: true, table: true },
  { name: 'rocm_repo_setup' },
  { name: 'rocm_packages_installed', lasting: true, table: true },
  { name: 'rocm_env_variables', table: true },
  { name: 'amd_smi' },
  { name: 'rocm_smi' },
  { name: 'ifwi_version', lasting: true },
  { name: 'rocm_smi_showhw' },
  { name: 'rocm_smi_pcie' },
  { name: 'rocm_smi_pids' },
  { name: 'rocm_smi_topology' },
  { name: 'rocm_smi_showserial' },
  { name: 'rocm_smi_showperflevel' },
  { name: 'rocm_smi_showrasinfo' },
  { name: 'rocm_smi_showxgmierr' },
  { name: 'rocm_smi_clocks' },
  { name: 'rocm_smi_showcompute_partition' },
  { name: 'rocm_smi_nodesbwi' },
  { name: 'rocm_smi_gpudeviceid', table: true },
  { name: 'rocm_info', table: true },
  { name: 'cuda_information', lasting: true, table: true },
  { name: 'cuda_packages_installed', lasting: true, table: true },
  { name: 'cuda_env_variables', table: true },
  { name: 'nvidia_smi' },
  { name: 'xpu_smi' },
  { name: 'hardware_information', full: true },
  { name: 'bios_settings', full: true },
  { name: 'dmsg_gpu_drm_atom_logs', full: true },
  { name: 'amdgpu_modinfo', full: true },
];

/** `late`: killed, or never asked because something before it hung. */
export const sectionStates = ['ok', 'absent', 'failed', 'late'] as const;
export type SectionState = (typeof sectionStates)[number];

/** One section as it was seen. */
export interface SeenSection {
  section: EnvironmentSection;
  state: SectionState;
  /** Scrubbed; ends in a line feed unless empty, as it is of what is absent. */
  text: string;
}

/** The line that the Python tool puts over each section, in its text as in its table. */
export const sectionHeader = (name: string): string => `------- Section: ${name}    ----------`;
