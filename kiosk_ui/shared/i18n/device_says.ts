// What devices say of themselves, for a technician. The boxes send it in English, those of an older release too: a sentence that is here
// is said in the page's language, one of tomorrow stands as it came. Blanks are numbers and names; joined sentences are said one by one.
import type { Pair } from "./index";

const SEMICOLON: Pair = ["；", "; "];
const COLON: Pair = ["：", ": "];
const COMMA: Pair = ["、", ", "];

const sentences: readonly Pair[] = [
  // any device
  ["尚未询问", "not asked yet"],
  ["尚未连接", "not connected yet"],
  ["尚未下发内容", "not told anything yet"],
  ["尚未查看", "not looked through yet"],
  ["未启动", "not started"],
  ["已停止", "stopped"],
  ["已断开", "gone"],
  ["内存模拟设备", "in memory"],
  ["已 {seconds} 秒无应答", "silent for {seconds} s"],
  ["时限内没有应答", "no answer in time"],
  ["无法连接", "no connection"],
  ["对方断开了连接", "the other side hung up"],
  ["HTTP {status}，{why}", "HTTP {status}, {why}"],
  ["本机时钟偏差 {seconds} 秒，仍按系统时间", "the machine's clock is off by {seconds} s; ours is kept"],
  // what the operating system says of a line
  ["连接被拒绝", "Connection refused"],
  ["没有到主机的路由", "No route to host"],
  ["主机已关机", "Host is down"],
  ["网络不可达", "Network is unreachable"],
  ["网络已断开", "Network is down"],
  ["连接超时", "Connection timed out"],
  ["连接被对方重置", "Connection reset by peer"],
  ["连接已中止", "Software caused connection abort"],
  ["连接已断开", "Broken pipe"],
  ["没有权限", "Permission denied"],
  ["文件不存在", "No such file or directory"],
  ["没有这个设备", "No such device"],
  ["设备忙", "Device or resource busy"],
  ["读写错误", "Input/output error"],
  ["无法使用该地址", "Cannot assign requested address"],
  ["打开的文件过多", "Too many open files"],
  ["域名未知", "Name or service not known"],
  ["域名暂时无法解析", "Temporary failure in name resolution"],
  ["域名没有地址", "No address associated with hostname"],
  // the picture of a camera
  ["已 {seconds} 秒没有画面", "no picture for {seconds} s"],
  ["还没有画面", "no picture yet"],
  ["时限内没有画面", "no picture in time"],
  ["其中没有画面", "there is no picture in it"],
  ["画面全黑，或镜头被遮挡", "the picture is black, or the lens is covered"],
  ["画面冻结", "the picture is frozen"],
  ["画面延迟 {seconds} 秒", "the picture comes {seconds} s late"],
  ["同一段 {seconds} 秒的录像被重复播放", "a recording of {seconds} s is shown again"],
  ["地感上的车辆没有出现在画面中", "the picture does not show what is on the loop"],
  ["录像已结束", "the recording has ended"],
  ["识别失败", "recognition failed"],
  ["无法查看该摄像机", "cannot look through this camera"],
  ["画面一片漆黑", "the camera shows nothing but black"],
  ["画面与上次完全相同", "the camera shows the same picture again"],
  ["画面太小，看不清车位", "the picture is too small for its bays"],
  ["摄像机", "the camera"],
  ["无法打开", "cannot be opened"],
  ["未打开", "not open"],
  ["视频流未打开", "the stream is not open"],
  ["视频源未打开", "the source is not open"],
  ["收到的画面已损坏", "a picture arrived damaged"],
  ["尚未取得画面", "no picture has been grabbed"],
  ["没有这个文件夹", "there is no such folder"],
  ["没有这个文件", "there is no such file"],
  ["连接失败", "the connection failed"],
  ["用户名或密码被拒绝", "refuses the user name or the password"],
  ["摄像机返回 {status}", "the camera answered {status}"],
  ["摄像机结束了视频流", "the camera ended the stream"],
  ["视频流没有标明分隔符", "the stream names no boundary"],
  ["视频流没有分隔符", "the stream has no boundary"],
  ["该地址返回的不是画面流", "the address does not answer with a stream of pictures"],
  ["视频流中有一段过大", "a part of the stream is too large"],
  ["视频流中一段的头部过大", "the header of a part is too large"],
  ["视频编码 {coding}，此处无法解码", "sends {coding}, which cannot be decoded here"],
  ["该用户无权观看", "forbids this user to watch"],
  ["该路径没有视频流", "has no stream at this path"],
  ["没有视频", "sends no video"],
  ["无应答", "does not answer"],
  ["主机名不存在", "there is no host of this name"],
  ["端口 {port} 无人监听", "nobody listens at port {port}"],
  ["不支持 RTSP", "does not speak RTSP"],
  ["需要用户名和密码", "asks for a user name and a password"],
  ["返回 {status}", "answered {status}"],
  ["不是可以读取的图片（JPEG、PNG、BMP、WebP、TIFF）", "is not a picture that can be read (JPEG, PNG, BMP, WebP, TIFF)"],
  ["超过 {size} MiB", "is larger than {size} MiB"],
  ["无法读取（{why}）", "cannot be read ({why})"],
  // cameras that push
  ["摄像机已 {seconds} 秒没有上报", "the camera has not called for {seconds} s"],
  ["摄像机尚未上报", "the camera has not called yet"],
  ["最近一次上报无法读取", "its last push cannot be read"],
  ["时钟偏差 {seconds} 秒", "its clock is {seconds} s off"],
  ["上报不带时间，均不作为放行依据", "its pushes tell no time, so none of them decides anything"],
  ["时钟偏快，请校时（NTP）；其识别结果均不作为放行依据", "its clock is ahead: set it (NTP); none of its reads decides anything"],
  ["上报过晚或时钟偏慢，请校时（NTP）；均不作为放行依据", "its reads come late, or its clock is behind: set it (NTP); they decide nothing"],
  ["序列号属于另一台摄像机", "another camera's serial number"],
  ["上报过大", "the push is too large"],
  ["上报不是对象", "the push is no object"],
  ["上报不是 JSON", "the push is not JSON"],
  ["缺少 {field}", "{field} is missing"],
  ["{field} 不是文本", "{field} is no text"],
  ["{field} 不是 base64", "{field} is not base64"],
  ["{field} 不是序列号", "{field} is no serial number"],
  ["{field} 不是 {least} 至 {most} 的整数", "{field} is no whole number from {least} to {most}"],
  ["{field} 不是有效状态", "{field} is no status"],
  ["{field} 既不是 active 也不是 inactive", "{field} is neither active nor inactive"],
  ["图片", "a picture"],
  ["图片过大", "a picture is too large"],
  ["其中没有 XML", "no XML in it"],
  ["内容不完整", "cut short"],
  ["分段过多", "too many parts"],
  ["有一段缺少头部", "a part without a head"],
  ["没有分隔符", "no boundary"],
  ["字段过多", "too many fields"],
  ["元素过多或嵌套过深", "too many elements, or too deep"],
  ["不接受文档类型声明", "a document type is not taken"],
  ["过大", "too large"],
  ["格式不正确", "not well-formed"],
  ["没有元素", "no element"],
  ["摄像机没有来取指令", "the camera does not ask for orders"],
  ["摄像机没有来轮询", "the camera does not poll"],
  ["摄像机没有确认指令", "the camera did not confirm the order"],
  ["摄像机正在执行另一条指令", "the camera is busy with another order"],
  ["指令已过时限，未发出", "the order is older than its deadline and was not sent"],
  ["输入 {number} 尚未上报", "input {number} has not been told yet"],
  ["输出没有回读", "outputs are not read back"],
  // relay boards
  ["继电器板没有应答", "the board did not answer"],
  ["继电器板无应答", "the board does not answer"],
  ["继电器板的应答丢失", "the board's answer got lost"],
  ["继电器板正在处理另一次调用", "the board is busy with another call"],
  ["网络中找不到继电器板的名称", "the board's name is not known to the network"],
  ["继电器板断开了连接", "the board hung up"],
  ["继电器板暂时无法执行", "the board cannot now"],
  ["继电器板拒绝执行", "the board refuses"],
  ["继电器暂时无法执行", "the relay cannot now"],
  ["继电器拒绝执行", "the relay refuses"],
  ["继电器返回的信息不足", "the relay tells too little"],
  ["继电器不接受用户名或密码", "the relay does not accept the user or the password"],
  ["继电器要求的密码验证方式不受支持", "the relay wants a kind of password proof that is not known here"],
  ["摄像机暂时无法执行", "the camera cannot now"],
  ["摄像机拒绝执行", "the camera refuses"],
  ["摄像机拒绝了用户名或密码", "the camera refuses the user name or the password"],
  ["摄像机要求的密码验证方式不受支持", "the camera wants a kind of password proof that is not known here"],
  ["摄像机没有触点 {number}", "the camera has no contact {number}"],
  ["道闸不能保持落杆", "a boom is never held down"],
  ["错误 {code}", "error {code}"],
  ["状态 {code}", "status {code}"],
  ["状态码 {code}", "status code {code}"],
  ["Modbus 异常 {code}", "Modbus exception {code}"],
  ["继电器 {number} {trouble}", "coil {number} {trouble}"],
  ["持续吸合", "stays on"],
  ["未经我方指令吸合", "came on without an order of ours"],
  ["应答与问题不符", "an answer to another question"],
  ["应答与请求不符", "an answer to something else"],
  ["应答没有尽头", "an endless answer"],
  ["应答为空", "an empty reply"],
  ["没有剩余时间", "no time left"],
  ["电平数量不足", "too few levels"],
  ["不是问题", "not a question"],
  ["不是应答", "not an answer"],
  ["不是对象", "not an object"],
  ["不是 JSON", "not JSON"],
  ["一行过长", "too long a line"],
  ["芯片故障（{why}）", "the chip fails ({why})"],
  ["另一个程序正在控制这些线路", "another program commands these lines"],
  ["未安装 gpiod，请安装 mall-parking[gpio]", "gpiod is not installed here; install mall-parking[gpio]"],
  ["{chip} 没有这些线路", "{chip} does not have these lines"],
  ["{chip} 的线路已被占用", "somebody else has lines of {chip}"],
  ["请求中有控制字符", "a control character in a request"],
  ["不是 HTTP 应答", "not an answer in HTTP"],
  ["头部过长", "too long a head"],
  ["不是状态行", "not a status line"],
  ["头部字段过多", "too many headers"],
  ["不是头部字段", "not a header"],
  ["应答没有可用的长度", "an answer without a usable length"],
  ["应答之后还有内容", "more than the answer"],
  ["不是分块", "not a chunk"],
  ["不是分块，或带有尾部", "not a chunk, or trailers"],
  ["正文过长", "too long a body"],
  ["不是 RPC 消息", "not an RPC frame"],
  ["既无结果也无错误", "neither a result nor an error"],
  ["返回的是另一个开关的状态", "the state of another switch"],
  ["{name} 没有状态", "{name} has no state"],
  ["不是 Modbus TCP 头部", "not a Modbus TCP header"],
  ["不是继电器板的应答", "not a reply of a relay board"],
  // readers of cards, tags, codes and on-board units
  ["读卡器断开了连接", "the reader hung up"],
  ["读卡器线路断开", "the reader's line hung up"],
  ["读卡器无应答", "the reader is silent"],
  ["扫码器无应答", "the scanner is silent"],
  ["蓝牙网关无应答", "the gateway is silent"],
  ["ETC 天线无应答", "the RSU is silent"],
  ["ETC 天线报告故障 {status}", "the RSU reports fault {status}"],
  ["无法使用该读卡器", "cannot work with this reader"],
  ["有 {lost} 次刷读因无人取走而丢失", "{lost} presentations lost: nobody fetched them"],
  ["有 {lost} 次刷读因车道未取走而丢失", "{lost} presentations lost: their lane does not fetch them"],
  ["{antennas} 有读数，但不属于任何车道", "reads on {antennas}, which no lane has"],
  ["天线 {number}", "antenna {number}"],
  ["无天线号", "no antenna"],
  ["未连接的天线", "antennas not connected"],
  ["读卡器拒绝了请求", "the reader refuses what it was asked"],
  ["读卡器拒绝了设置", "the reader refuses its set-up"],
  ["LLRP 状态 {code}", "LLRP status {code}"],
  ["读卡器关闭了连接", "the reader closes the connection"],
  ["读卡器不接受连接（{whom}）", "the reader is taken by {whom}"],
  ["其主动连接的另一客户端占用", "another client that the reader called"],
  ["另一客户端占用", "another client"],
  ["自身原因", "a reason of its own"],
  ["他人占用", "somebody"],
  ["与地址 {addresses} 没有安全通道", "no secure channel with address {addresses}"],
  ["没有安全通道", "no secure channel"],
  ["密钥不同，或读卡器以明文通信", "another key, or a reader that talks in clear"],
  ["一行过长", "a line is too long"],
  ["蓝牙网关", "Bluetooth gateway"],
  ["有一条缺少类型", "an entry without a type"],
  ["有一行不是 JSON", "a line that is not JSON"],
  ["rawData 不是十六进制", "rawData is not hex"],
  ["坏帧接连不断", "one broken frame after another"],
  ["有一帧没有结尾", "a frame without an end"],
  ["有一帧被截断", "a frame is cut off"],
  ["状态没有内容", "a status without content"],
  ["车载单元信息被截断", "a unit is cut off"],
  ["应答没有状态", "a response without a status"],
  ["读数没有 EPC", "a read without an EPC"],
  ["EPC 被截断", "an EPC is cut off"],
  ["EPC 长度不合理", "an EPC of an impossible length"],
  ["不是 1.0 或 1.1 版的消息", "not a message of version 1.0 or 1.1"],
  ["参数被截断", "a parameter is cut off"],
  ["参数大小未知", "a parameter of an unknown size"],
  ["参数长度不合理", "a parameter of an impossible length"],
  ["卡数据被截断", "a card is cut off"],
  ["卡格式未知", "a card of an unknown format"],
  ["卡长度不合理", "a card of an impossible length"],
  ["卡文本长度不合理", "a card's text of an impossible length"],
  ["libosdp 无法描述的卡", "a card that libosdp cannot describe"],
  // ticket printers
  ["打印机没有应答", "the printer did not answer"],
  ["打印机应答无法理解", "the printer answers nonsense"],
  ["打印机缺纸", "the printer has no paper"],
  ["打印机盖未关", "the printer's cover is open"],
  ["打印机报告错误", "the printer reports an error"],
  ["打印机断开了连接", "the printer hung up"],
  // signs and bay sensors
  ["引导屏断开了连接", "the sign hung up"],
  ["引导屏无法显示此内容", "no board can show this"],
  ["引导屏以 {answer} 拒绝了 {asked}", "the board refuses {asked} with {answer}"],
  ["对 {asked} 返回了 {answer}", "answered {answer} to {asked}"],
  ["每帧最多 {most} 字节，此帧为 {length} 字节", "a frame carries at most {most} bytes, this one {length}"],
  ["数值应在 0 至 {most} 之间", "a count lies between 0 and {most}"],
  ["消息服务器拒绝连接", "the broker refuses us"],
  ["消息服务器有应答，但没有车位数据", "the broker answers, its sensors say nothing"],
  ["节点 {node} {trouble}", "node {node} {trouble}"],
  ["报告错误", "reports an error"],
  ["测不到车位 {bays}", "measures nothing at {bays}"],
  ["长度超过四个字节", "a length of more than four bytes"],
  ["数据包过大", "a packet larger than we take"],
  ["消息不完整", "a message that is cut short"],
];

interface Pattern {
  pair: Pair;
  is: RegExp;
  blanks: string[];
}

const whole = new Map(sentences.filter(([, en]) => !en.includes("{")).map((pair) => [pair[1], pair]));

/** Sentences with blanks, the most telling first; a blank ends where a joined sentence does. */
const patterns: readonly Pattern[] = sentences
  .filter(([, en]) => en.includes("{"))
  .map((pair) => ({
    pair,
    is: new RegExp(`^${pair[1].replace(/[.*+?^$()|[\]\\]/g, "\\$&").replace(/\{\w+\}/g, "((?:(?!: |; ).)+?)")}$`),
    blanks: [...pair[1].matchAll(/\{(\w+)\}/g)].map((found) => found[1] ?? ""),
  }))
  .sort((a, b) => b.pair[1].replace(/\{\w+\}/g, "").length - a.pair[1].replace(/\{\w+\}/g, "").length);

/** What a device said, in the language that `word` chooses of a pair; what no sentence here knows, as it came. */
export function deviceSays(text: string, word: (pair: Pair) => string): string {
  const known = whole.has(text) ? sentence(text, word) : (list(text, word) ?? sentence(text, word));
  if (known !== null) return known;
  for (const joint of [SEMICOLON, COLON]) {
    const at = text.indexOf(joint[1]);
    if (at > 0) return deviceSays(text.slice(0, at), word) + word(joint) + deviceSays(text.slice(at + joint[1].length), word);
  }
  return text;
}

/** Sentences with nothing but commas between them; a comma may also stand within one, so each has to be known. */
function list(text: string, word: (pair: Pair) => string): string | null {
  const parts = text.includes(COMMA[1]) ? text.split(COMMA[1]).map((part) => sentence(part, word)) : [null];
  return parts.every((part) => part !== null) ? parts.join(word(COMMA)) : null;
}

function sentence(text: string, word: (pair: Pair) => string): string | null {
  const pair = whole.get(text);
  if (pair) return word(pair);
  for (const { pair: one, is, blanks } of patterns) {
    const found = is.exec(text);
    if (!found) continue;
    const values = new Map(blanks.map((name, at) => [name, deviceSays(found[at + 1] ?? "", word)]));
    return word(one).replace(/\{(\w+)\}/g, (blank, name: string) => values.get(name) ?? blank);
  }
  return null;
}
